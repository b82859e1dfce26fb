# shellcheck shell=sh
# dracut hook, sourced twice a second while the initrd waits for the root: says so every ten seconds.
# The kernel's log reaches every console. Nothing is said while a passphrase is asked for, since
# main_loop, which dracut-initqueue counts to RDRETRY, then stands still.
case ${main_loop-0} in
*[!0-9]* | 0) ;;
*)
    if [ $((main_loop % 20)) -eq 0 ] && [ "$main_loop" != "${photon_said-}" ]; then
        photon_said=$main_loop
        echo "<3>photon: waiting for the root filesystem: $((main_loop / 2)) of $((RDRETRY / 2)) s" \
            >/dev/kmsg
    fi
    ;;
esac
