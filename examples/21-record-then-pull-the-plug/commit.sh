#!/bin/sh
# qemu-io commits two transactions to a small journal: the data (sector 0), then the record that says it is there (sector 8). What
# it does is recorded, and every image that a power cut at any moment may leave is checked: is there ever a record without its data?
#
#     sh commit.sh DISK TRACE [hasty]
#
# With "hasty" the flush between data and record is left out, as if the order of writes were the order on the medium.
set -eu
disk=$1 trace=$2 flush=flush
if [ "${3:-}" = hasty ]; then flush='read 0 512'; fi
exec flushpoint serve nbd "$disk" --trace "$trace" --json -- \
  qemu-io -t writeback -f raw \
  -c 'write -P 1 0 512' -c "$flush" -c 'write -P 1 4k 512' -c flush \
  -c 'write -P 2 0 512' -c "$flush" -c 'write -P 2 4k 512' -c flush '{uri}'
