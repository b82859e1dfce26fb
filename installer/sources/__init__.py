"""Where kickstart and payload come from: files, web servers, volumes, the kernel command line."""
