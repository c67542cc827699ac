"""What the screens keep of their own: questions asked, kept and watched."""
