# An image came without a word. Its name says .gz, and so does info; unpacked it is a disk of 12 MiB that was 8 MiB once: the backup of
# its partition table stands where the end was, and someone has put a file system of 4 MiB into a partition of 3.

flushpoint info examples/18-what-is-this-image/disk.img.gz
gzip -dc examples/18-what-is-this-image/disk.img.gz > mystery.img
flushpoint info mystery.img
flushpoint partitions mystery.img --check || echo 'not safe to write to'
flushpoint info 'mystery.img#p2'
