#!/bin/sh
# An image is served under no host cache while nbdcopy brings another one in, over several connections. The report says what a power
# cut would have taken away when the copy was done: nothing with --flush, everything without.
#
#     sh copy.sh SOURCE DISK [--flush]
set -eu
source=$1 disk=$2
shift 2
exec flushpoint serve nbd "$disk" --cache none --json -- nbdcopy "$@" "$source" '{uri}'
