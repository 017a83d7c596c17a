# The bug of the Xen block driver that came up in August 2010. The driver told Linux that its device keeps order by tags. For Linux a
# bare cache flush was an empty barrier, and an empty barrier under tag ordering has no step that could carry a command: it ended
# inside the guest. fsync said success, nothing reached the backend, and what the backend had not written back was lost.
# Run it with --frontend xen-blkback --era 2009, and then with --era today.

OUT 0 4k pattern=text:"paid 100 to Alice "
FSYNC
MARK receipt-printed
