# What the guest asks when it finds the disk: MODE SENSE(6), page 08h. Byte 2 of the page has WCE (04h).

SCSI 1a080800ff00 in=255
