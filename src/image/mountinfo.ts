/** One line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly id: number
  /** Device number of the file system, "259:1"; major 0 where no single block device carries it. */
  readonly device: string
  readonly mountPoint: string
  /** As mount(8) calls it: "ext4", "nfs4", "fuse.sshfs". */
  readonly type: string
  /** What was mounted: a device, a server, or a word without meaning. */
  readonly source: string
  /** Options of the mount, then those of the file system, each once. */
  readonly options: readonly string[]
}

/** The mounts of a mount table, in its order; lines that are no mount are left out. */
export function parseMountinfo(table: string): Mount[] {
  return table.split('\n').flatMap((line) => parseLine(line) ?? [])
}

/** Fields up to the mount options, any number of optional fields, a lone hyphen, then type, source and super options. */
function parseLine(line: string): Mount | undefined {
  const fields = line.split(' ')
  const hyphen = fields.indexOf('-', 6)
  const [id, , device, , mountPoint, options] = fields
  const [type, source, superOptions] = hyphen < 0 ? [] : fields.slice(hyphen + 1)
  if (device === undefined || mountPoint === undefined || options === undefined) return undefined
  if (type === undefined || source === undefined) return undefined
  return {
    id: Number(id),
    device,
    mountPoint: plain(mountPoint),
    type: plain(type),
    source: plain(source),
    options: [...new Set([...options.split(','), ...(superOptions ?? '').split(',')])].filter((text) => text !== ''),
  }
}

/** Blanks, tabs, newlines and backslashes are written as octal escapes of bytes. */
function plain(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

/**
 * The mount that holds an absolute path without symbolic links: the one with the given id, else the deepest that lies above the
 * path; the last of those on the same point, which hides the others. One on the path's own device goes before any other,
 * because a deeper mount may be hidden under one that came later.
 *
 * @param device device number of the file (stat(2), st_dev)
 * @param id from /proc/self/fdinfo, where it is known
 */
export function findMount(
  mounts: readonly Mount[],
  path: string,
  device: string,
  id: number | undefined,
): Mount | undefined {
  const named = id === undefined ? undefined : mounts.find((mount) => mount.id === id)
  if (named !== undefined) return named
  const above = mounts.filter(({mountPoint}) => isAbove(mountPoint, path))
  const own = above.filter((mount) => mount.device === device)
  let deepest: Mount | undefined
  for (const mount of own.length > 0 ? own : above) {
    if (deepest === undefined || mount.mountPoint.length >= deepest.mountPoint.length) deepest = mount
  }
  return deepest
}

function isAbove(mountPoint: string, path: string): boolean {
  return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`)
}
