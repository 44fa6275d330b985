"""From health to condition to light; the button's stages."""
