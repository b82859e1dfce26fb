# shellcheck shell=sh
# Changes of an ESP that a power cut does not tear: photon-boot, photon-uki and photon-slot use it.
#
# FAT has no journal. Of what has not been flushed any part reaches the disk, in any order, and a
# file is three things in three places: its name, its chain of clusters, its data. So each step here
# is flushed before the next, and the clusters of a file that goes are free only when its name is
# gone: they stay as long as somebody has the file open.
#
# A new file is made in a directory of its own, at the end of the ESP. A power cut can leave it
# there as a second name of a file in EFI; fsck.vfat then keeps the first one, which is that in EFI.
new=photon.new

# All that was written to a filesystem is on the disk, behind its cache: on vfat syncfs(2) writes
# everything and does not flush that cache, fsync(2) does (fat_file_fsync in the kernel).
flush() { # DIRECTORY
    sync -f "$1" && sync "$1"
}

# Put right what a power cut left half done, then mount it. What the host has in its fstab was
# checked when it started; it may be mounted already, and is the same filesystem then.
mount_esp() { # NODE DIRECTORY
    findmnt --source "$1" >/dev/null 2>&1 || fsck.vfat -a "$1" >/dev/null 2>&1 || :
    mount "$1" "$2" || return 1
    rm -f "$2"/FSCK[0-9][0-9][0-9][0-9].REC # clusters that it found without a name
}

put_on() { # ESP FILE PATH: at each moment PATH is the file that was there, or the new one
    mkdir -p "$1/$new" "$1/${3%/*}" && flush "$1" || return 1
    if cp "$2" "$1/$new/${3##*/}" && flush "$1/$new" && cmp -s "$2" "$1/$new/${3##*/}"; then
        rename_on "$1" "$new/${3##*/}" "$3" && return 0
    fi
    rm -f "$1/$new/${3##*/}"
    return 1
}

rename_on() { # ESP OLD NEW
    if [ -e "$1/$3" ]; then
        # shellcheck disable=SC2094  # it is held open, not read
        { mv "$1/$2" "$1/$3" && flush "$1/${3%/*}"; } 9<"$1/$3" || return 1
    else
        mv "$1/$2" "$1/$3" || return 1
    fi
    flush "$1/${2%/*}" && flush "$1/${3%/*}"
}

remove_from() { # ESP PATH
    # shellcheck disable=SC2094  # it is held open, not read
    { rm "$1/$2" && flush "$1/${2%/*}"; } 9<"$1/$2" && flush "$1"
}
