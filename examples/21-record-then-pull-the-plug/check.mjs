// The record (sector 8) holds the number of the transaction whose data is in sector 0. A record that is ahead of its data lies.
export default function check({read, fail}) {
  const [data] = read(0, 1)
  const [record] = read(4096, 1)
  if (record > data) fail(`the record says ${record}, the data is that of ${data}`)
}
