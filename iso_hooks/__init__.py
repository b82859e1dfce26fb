"""How it gets onto a medium: payload, ISO, netboot tree, live system."""
