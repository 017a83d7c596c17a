# The other failure: order. A journal block and the commit record that must not overtake it, sent together (--depth 4). A driver that
# drains holds the record back until the block has ended; one that declares no order (virtio-blk in 2009) has no barriers at all.

OUT 0 1M pattern=text:"journal block "
OUT 8M 512 pattern=text:"commit record " barrier
