# A journal that trusts the BARRIER flag instead of a flush. The barrier makes the commit record start after the journal
# blocks have completed, and that is all: on a volatile cache, order in time is not order on the medium.
# Under --ordering drain everything here is at risk; under --ordering drain-flush the same batch is safe.

OUT 0 4k pattern=text:"journal block 1 "
OUT 4k 4k pattern=text:"journal block 2 "
OUT 8k 512 pattern=text:"commit record " barrier
MARK committed
