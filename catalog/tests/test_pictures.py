"""Uploaded pictures are checked, stripped, scaled and shown under names that never change their content."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from datetime import timedelta
from urllib.request import urlopen

import pytest
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from PIL import Image

from blinkit.kernel import pictures as names
from catalog import imaging, queries
from catalog.errors import BadPicture
from catalog.models import Picture, Product, ProductImage
from catalog.services import pictures
from catalog.tests.factories import NOW, ProductFactory, on_shelf, store

LATER = NOW + timedelta(days=30)


def photo(size=(800, 600), kind="JPEG", colour="red", **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


def nobody(_paths):
    return []


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


# -- what is let in ------------------------------------------------------------------------------------------------


def test_a_picture_loses_everything_but_its_pixels_and_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Spy Camera"
    content = photo((800, 600), exif=exif.tobytes(), icc_profile=b"profile")
    assert b"Spy Camera" in content
    clean = imaging.cleaned(content)
    assert (clean.width, clean.height) == (600, 800)
    assert b"Spy Camera" not in clean.content and b"EXIF" not in clean.content and b"ICCP" not in clean.content
    with Image.open(io.BytesIO(clean.content)) as kept:
        assert kept.format == "WEBP" and not kept.getexif()


def test_the_key_tells_the_content():
    assert imaging.cleaned(photo()).key == imaging.cleaned(photo()).key
    assert imaging.cleaned(photo()).key != imaging.cleaned(photo(colour="blue")).key


def bomb(side: int) -> bytes:
    """A few hundred bytes of PNG that say they unpack to side × side pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "JPEG, PNG or WebP"),
        (b"%PDF-1.7 not a picture", "JPEG, PNG or WebP"),
        (photo(kind="GIF"), "JPEG, PNG or WebP"),
        (photo()[:400], "damaged"),
        (photo((100, 100)), "too few"),
        (bomb(11_000), "too many"),
        (bomb(60_000), "too many"),
        (b"\xff" * (imaging.LARGEST_BYTES + 1), "too large"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(content, words):
    with pytest.raises(imaging.BadPicture, match=words):
        imaging.cleaned(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_type_is_told_by_content(kind):
    assert imaging.cleaned(photo(kind=kind)).width == 800


def test_a_size_is_a_square_with_the_whole_picture_in_it():
    with Image.open(io.BytesIO(imaging.scaled(imaging.cleaned(photo((800, 400))).content, 160))) as made:
        assert made.size == (160, 160)
        pixels = made.convert("RGBA")
        assert pixels.getpixel((80, 5))[3] == 0 and pixels.getpixel((80, 80))[3] == 255


# -- from the upload to the shelf ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_picture_is_shown_once_its_sizes_are_made_and_again_is_harmless(media):
    product = ProductFactory(image="old.svg")
    picture = pictures.add_picture(product_id=product.pk, content=photo(), actor="user:1", now=NOW)
    assert pictures.add_picture(product_id=product.pk, content=photo(), actor="user:1", now=NOW) == picture
    assert Product.objects.get().image == "old.svg"
    assert pictures.make_sizes(picture_id=picture.pk, now=NOW)
    assert not pictures.make_sizes(picture_id=picture.pk, now=NOW)
    image = Product.objects.get().image
    assert image == f"pictures/{picture.key}/320.webp"
    for size, side in names.SIDES.items():
        with default_storage.open(names.path_of(picture.key, size)) as file, Image.open(file) as made:
            assert made.size == (side, side)


@pytest.mark.django_db
def test_further_pictures_make_the_gallery_and_rest_gives_addresses_of_all_sizes(media):
    product = ProductFactory(image="a.svg")
    at = store()
    on_shelf(at, product)
    picture = pictures.add_picture(product_id=product.pk, content=photo(), actor="user:1", now=NOW, is_main=False)
    pictures.make_sizes(picture_id=picture.pk, now=NOW)
    told = queries.product_detail(store_id=at.pk, sku=product.sku).as_dict()
    assert told["images"] == dict.fromkeys(("thumb", "card", "zoom"), "/media/a.svg")
    assert [shown["zoom"] for shown in told["gallery"]] == [f"/media/pictures/{picture.key}/1024.webp"]


@pytest.mark.django_db
def test_of_two_uploads_the_later_one_stays_whichever_is_scaled_first(media):
    product = ProductFactory()
    first = pictures.add_picture(product_id=product.pk, content=photo(), actor="user:1", now=NOW)
    second = pictures.add_picture(product_id=product.pk, content=photo(colour="blue"), actor="user:1", now=NOW)
    pictures.make_sizes(picture_id=second.pk, now=NOW)
    pictures.make_sizes(picture_id=first.pk, now=NOW)
    assert second.key in Product.objects.get().image


@pytest.mark.django_db
def test_a_lost_task_is_made_up_for_and_a_file_that_cannot_be_scaled_is_given_up(media):
    good, bad = ProductFactory(), ProductFactory()
    pictures.add_picture(product_id=good.pk, content=photo(), actor="user:1", now=NOW)
    lost = pictures.add_picture(product_id=bad.pk, content=photo(colour="blue"), actor="user:1", now=NOW)
    default_storage.delete(names.original_of(lost.key))
    assert pictures.sweep_waiting(now=NOW) == 0  # too young: its task may be on its way
    assert pictures.sweep_waiting(now=NOW + timedelta(minutes=2)) == 1
    for _ in range(pictures.MOST_TRIES + 2):
        pictures.sweep_waiting(now=LATER)
    assert Picture.objects.get(pk=lost.pk).tries == pictures.MOST_TRIES


@pytest.mark.django_db
def test_a_bad_picture_is_a_refusal_and_leaves_nothing(media):
    with pytest.raises(BadPicture):
        pictures.add_picture(product_id=ProductFactory().pk, content=b"nothing", actor="user:1", now=NOW)
    assert not Picture.objects.exists() and not list(media.iterdir())


@pytest.mark.django_db
def test_files_nobody_shows_are_swept_and_those_of_products_and_past_orders_stay(media):
    product = ProductFactory()
    shown = {}
    for colour in ("red", "green", "blue"):
        picture = pictures.add_picture(product_id=product.pk, content=photo(colour=colour), actor="user:1", now=NOW)
        pictures.make_sizes(picture_id=picture.pk, now=NOW)
        shown[colour] = picture.key
    in_an_order = names.path_of(shown["red"], "card")
    assert pictures.sweep_unused(now=NOW + timedelta(days=1), used_elsewhere=nobody) == 0
    assert pictures.sweep_unused(now=LATER, used_elsewhere=lambda paths: [in_an_order]) == 1
    left = {folder.name for folder in (media / "pictures").iterdir() if any(folder.iterdir())}
    assert left == {shown["red"], shown["blue"]}
    assert pictures.sweep_unused(now=LATER, used_elsewhere=lambda paths: [in_an_order]) == 0


@pytest.mark.django_db
def test_a_picture_of_the_gallery_is_not_swept(media):
    picture = pictures.add_picture(
        product_id=ProductFactory().pk, content=photo(), actor="user:1", now=NOW, is_main=False
    )
    pictures.make_sizes(picture_id=picture.pk, now=NOW)
    assert pictures.sweep_unused(now=LATER, used_elsewhere=nobody) == 0
    ProductImage.objects.all().delete()
    assert pictures.sweep_unused(now=LATER, used_elsewhere=nobody) == 1


def test_the_screen_offers_sizes_of_pictures_and_draws_the_rest():
    key = "a" * 32
    html = render_to_string("components/art.html", {"image": f"pictures/{key}/320.webp", "hue": 30})
    assert f'srcset="/media/pictures/{key}/160.webp 160w, /media/pictures/{key}/320.webp 320w"' in html
    assert 'loading="lazy"' in html and 'decoding="async"' in html and 'width="160"' in html and "sizes=" in html
    large = render_to_string("components/art.html", {"image": f"pictures/{key}/320.webp", "large": True, "eager": True})
    assert "1024.webp 1024w" in large and "lazy" not in large
    drawn = render_to_string("components/art.html", {"image": "products/x.svg"})
    assert "srcset" not in drawn and "/media/products/x.svg" in drawn
    assert "<img" not in render_to_string("components/art.html", {"image": ""})


def test_uploads_served_from_a_laptop_may_be_kept_for_a_year(media, rf):
    (media / "pictures").mkdir()
    (media / "pictures" / "x.webp").write_bytes(b"x")
    response = names.served(rf.get("/media/pictures/x.webp"), "pictures/x.webp", document_root=str(media))
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


# -- in an object store --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """A real S3 API on a free port of this machine."""
    server_module = pytest.importorskip("moto.server", reason="moto is a development package")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, settings, monkeypatch):
    """Settings as an operator writes them, read by the code that reads them at the start."""
    from blinkit import env

    def use(**more: str) -> str:
        given = {
            "S3_BUCKET": "goods", "S3_ENDPOINT_URL": s3_server, "S3_REGION": "us-east-1", "S3_ACCESS_KEY": "key",
            "S3_SECRET_KEY": "secret", "S3_ADDRESSING": "path",
        } | more  # fmt: skip
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {"BACKEND": "blinkit.kernel.storage.ObjectStore", "OPTIONS": env.s3()},
        }
        client = default_storage.connection.meta.client  # type: ignore[attr-defined]
        if "goods" not in {found["Name"] for found in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket="goods")
        return s3_server

    return use


@pytest.mark.django_db
def test_a_picture_goes_through_an_object_store_from_the_upload_to_the_last_file(bucket):
    server = bucket()
    product = ProductFactory()
    picture = pictures.add_picture(product_id=product.pk, content=photo(), actor="user:1", now=NOW)
    pictures.make_sizes(picture_id=picture.pk, now=NOW)
    for size, side in names.SIDES.items():
        address = names.image_url(Product.objects.get().image, size)
        assert address.startswith(f"{server}/goods/pictures/") and "X-Amz-Signature" in address
        with urlopen(address) as answer:
            assert answer.headers["Cache-Control"] == names.CACHE_CONTROL
            assert answer.headers["Content-Type"] == "image/webp"
            with Image.open(io.BytesIO(answer.read())) as made:
                assert made.size == (side, side)
    Product.objects.update(image="")
    assert pictures.sweep_unused(now=LATER, used_elsewhere=nobody) == 1
    assert default_storage.listdir("pictures/" + picture.key) == ([], [])


@pytest.mark.django_db
def test_public_pictures_have_plain_addresses_and_photos_of_doors_stay_signed(bucket):
    bucket(S3_PUBLIC_URL="https://cdn.example.in/")
    assert names.image_url("products/x y.svg") == "https://cdn.example.in/products/x%20y.svg"
    assert "X-Amz-Signature" in default_storage.url("doors/secret.jpg")


def test_a_store_without_signed_addresses_gives_plain_ones(bucket):
    server = bucket(S3_SIGNED_URLS="0")
    assert names.image_url("products/y.svg") == f"{server}/goods/products/y.svg"
