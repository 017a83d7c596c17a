/** What fio calls the words of the bench that have another name here. */
export const FIO_NAMES: ReadonlyMap<string, string> = new Map([
  ['io-size', 'io_size'],
  ['ramp-time', 'ramp_time'],
  ['rate-iops', 'rate_iops'],
  ['random-distribution', 'random_distribution'],
  ['fsync-on-close', 'fsync_on_close'],
  ['flush-every', 'fdatasync'],
])
