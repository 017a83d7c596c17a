// A user is written to one file (sector 16) and then to another (sector 17), which must never have one that the first has not. In
// barrier.ndjson a barrier on the range of the first file stands between them; it orders that range alone. In notify.ndjson the
// program waits until it is told that the first write has become stable, and somebody else's flush makes it so.

export default function check({read, fail}) {
  const hasUser = (sector) => Buffer.from(read(sector * 512, 8)).toString('latin1') === 'user=1  '
  if (hasUser(17) && !hasUser(16)) fail('the user is in the second file and not in the first')
}
