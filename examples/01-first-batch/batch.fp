# A commit as a database does it: data, flush, then the record that says the data is there, and a flush again.
# Then one more write that nobody flushes.

OUT 0 4k pattern=text:"data of commit 1 "
FLUSH
OUT 64k 512 pattern=text:"commit 1 "
FLUSH
MARK committed

OUT 128k 4k pattern=0xaa
IN 0 4k verify=text:"data of commit 1 "
