/**
 * What a feature means to the data of a guest. `flush`: there is a command that empties the cache. `advert`: the guest is told that
 * completed is not stable. `switch`: the guest may switch the write cache at run time. `fua`: one write can be made stable by itself.
 * `tags`: barriers are executed in order. `unordered`: the driver declares no order. `discard`, `write-zeroes`, `scsi`: requests of that kind are executed. `read-only`: writes
 * are refused.
 */
export type FeatureEffect =
  'flush' | 'advert' | 'switch' | 'fua' | 'tags' | 'unordered' | 'discard' | 'write-zeroes' | 'scsi' | 'read-only'

/** One thing a device may offer, by the name of its protocol. */
export interface Feature {
  readonly name: string
  /** Where the protocol says it: a feature bit, a word of IDENTIFY, a key. */
  readonly place: string
  /** The year it can be offered from; 2009 for those that are older than that. */
  readonly since: number
  readonly grants: readonly FeatureEffect[]
  /** A device that offers it has to offer these as well. */
  readonly needs: readonly string[]
  /** A device that offers it must not offer these. */
  readonly excludes: readonly string[]
  readonly source: string
}

/** Makes a feature of one protocol. */
export type FeatureMaker = (
  name: string,
  place: string,
  since: number,
  grants: readonly FeatureEffect[],
  more?: Partial<Pick<Feature, 'needs' | 'excludes'>>,
) => Feature

/** A maker of features that share their source. */
export function featuresFrom(source: string): FeatureMaker {
  return (name, place, since, grants, {needs = [], excludes = []} = {}) => ({
    name,
    place,
    since,
    grants,
    needs,
    excludes,
    source,
  })
}
