# A SCSI disk with a write cache says so in its caching mode page (08h). A disk that caches and does not answer that page is taken
# for one that writes through: the guest never sends SYNCHRONIZE CACHE, and fsync means nothing.
# Run it with --frontend scsi, and then as the disk that forgot: --features "SYNCHRONIZE CACHE,DPOFUA".

OUT 0 4k pattern=text:"the only copy "
FSYNC
MARK told-that-it-is-safe
