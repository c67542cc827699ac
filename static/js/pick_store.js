// What the pick screen keeps on the device (IndexedDB): actions that are not taken over yet, in order; the walk as the
// server last said it; what was refused and not read yet. Everything under one person and store.
//   const store = await pickStore.open("7:BLR-IND")
//   store.add(action) → seq     store.actions() → [{seq, action, tried}]   store.tried(seqs)   store.drop(seqs)
//   store.keepWalk(walk)        store.walk()
//   store.refuse(entry) → seq   store.refused() → [{seq, ...}]             store.dismiss(seq)
// Where there is no IndexedDB (a private window) it works from memory, and says so: store.lasting is false.
(() => {
  "use strict";
  const NAME = "floor";
  const done = (request) => new Promise((yes, no) => { request.onsuccess = () => yes(request.result); request.onerror = () => no(request.error); });

  const openDatabase = () => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const name of ["actions", "refused"]) {
        request.result.createObjectStore(name, { keyPath: "seq", autoIncrement: true }).createIndex("owner", "owner");
      }
      request.result.createObjectStore("walks", { keyPath: "owner" });
    };
    return done(request);
  };

  const lasting = (db, owner) => {
    const at = (name, mode = "readonly") => db.transaction(name, mode, { durability: "strict" }).objectStore(name);
    const all = (name) => done(at(name).index("owner").getAll(owner)); // in the order of seq
    return {
      lasting: true,
      add: (action) => done(at("actions", "readwrite").add({ owner, action, tried: false })),
      actions: () => all("actions"),
      tried: async (seqs) => {
        const rows = at("actions", "readwrite");
        for (const seq of seqs) { const row = await done(rows.get(seq)); if (row) await done(rows.put({ ...row, tried: true })); }
      },
      drop: (seqs) => { const rows = at("actions", "readwrite"); return Promise.all(seqs.map((seq) => done(rows.delete(seq)))); },
      keepWalk: (walk) => done(at("walks", "readwrite").put({ owner, walk })),
      walk: async () => (await done(at("walks").get(owner)))?.walk || null,
      refuse: (entry) => done(at("refused", "readwrite").add({ owner, ...entry })),
      refused: () => all("refused"),
      dismiss: (seq) => done(at("refused", "readwrite").delete(seq)),
      /** Walks of other people carry names and numbers of customers: they go. What those people did is kept for them. */
      forgetOthers: async () => {
        const rows = at("walks", "readwrite");
        for (const key of await done(rows.getAllKeys())) if (key !== owner) await done(rows.delete(key));
      },
    };
  };

  const inMemory = () => {
    let seq = 0;
    let kept = null;
    const rows = { actions: [], refused: [] };
    const push = (name, row) => { rows[name].push({ seq: ++seq, ...row }); return seq; };
    return {
      lasting: false,
      add: async (action) => push("actions", { action, tried: false }),
      actions: async () => [...rows.actions],
      tried: async (seqs) => rows.actions.forEach((row) => { if (seqs.includes(row.seq)) row.tried = true; }),
      drop: async (seqs) => { rows.actions = rows.actions.filter((row) => !seqs.includes(row.seq)); },
      keepWalk: async (walk) => { kept = walk; },
      walk: async () => kept,
      refuse: async (entry) => push("refused", entry),
      refused: async () => [...rows.refused],
      dismiss: async (gone) => { rows.refused = rows.refused.filter((row) => row.seq !== gone); },
      forgetOthers: async () => {},
    };
  };

  window.pickStore = {
    open: async (owner) => {
      try { return lasting(await openDatabase(), owner); } catch { return inMemory(); }
    },
  };
})();
