# An application that does everything right: it writes, calls fsync, and only then tells somebody that the data is safe. Whether it
# is, in the guests of August 2009, depended on the device model and the cache mode behind it, in five of nine cases for the worse.
# Add --frontend ide|scsi|virtio-blk --era 2009 and --cache, then one repair at a time: --with ide-wce, virtio-drain, virtio-flush.

OUT 0 4k pattern=text:"a letter "
OUT 64k 4k pattern=text:"its index entry "
FSYNC
MARK told-that-it-is-safe
