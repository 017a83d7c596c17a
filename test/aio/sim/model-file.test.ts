import {describe, expect, it} from 'vitest'
import {diskModelOf} from '../../../src/aio/sim/disk-model.js'
import {readDiskModel} from '../../../src/aio/sim/model-file.js'
import {TOY} from './toy-model.js'

const SPEEDS = {mediumBytesPerSecond: 100e6, interfaceBytesPerSecond: 500e6}

describe('a disk model in a file', () => {
  it('says every field', () => {
    expect(readDiskModel(JSON.stringify(TOY), 'toy.json')).toEqual(TOY)
  })

  it('may be like a row in all but what it says itself, and has the name of its source unless it says one', () => {
    const text = '{"like": "ssd", "flushNs": 5000000, "channels": 2}'
    expect(readDiskModel(text, 'old.json')).toEqual({
      ...diskModelOf('ssd'),
      name: 'old.json',
      flushNs: 5e6,
      channels: 2,
    })
    expect(readDiskModel('{"like": "hdd", "name": "attic"}', 'old.json').name).toBe('attic')
  })

  it('needs two speeds when it is like nothing, and costs nothing else', () => {
    expect(readDiskModel(JSON.stringify(SPEEDS), 'a.json')).toEqual({
      ...SPEEDS,
      name: 'a.json',
      channels: 1,
      scheduling: 'fifo',
      roundTripNs: 0,
      commandNs: 0,
      trackToTrackNs: 0,
      fullStrokeNs: 0,
      rotationNs: 0,
      cacheBytes: 0,
      flushNs: 0,
      flushAlone: false,
      hasFua: false,
      fuaNs: 0,
      hostCallNs: 1000,
      memoryBytesPerSecond: 10e9,
    })
  })
})

describe('a disk model in a file is refused, naming the field, the value and what to write,', () => {
  const rows: readonly [string, string, RegExp, RegExp][] = [
    ['when it is not JSON', '{channels: 1}', /a\.json: the disk model is not JSON/, /one JSON object/],
    ['when it is a list', '[1]', /a\.json: the disk model is \[1\], not an object/, /"like"/],
    ['when it is nothing', 'null', /is null, not an object/, /"like"/],
    ['when it has no speed at all', '{}', /mediumBytesPerSecond is missing/, /"like"/],
    ['when it lacks one speed', '{"mediumBytesPerSecond": 1e6}', /interfaceBytesPerSecond is missing/, /per second/],
    ['when it is like no row', '{"like": "tape"}', /like is "tape"/, /"hdd", "ssd", "nvme"/],
    ['when it is like something that is no text', '{"like": null}', /like is null/, /"hdd"/],
    ['when a field is unknown', '{"like": "ssd", "chanels": 3}', /no field "chanels" \(here 3\)/, /channels/],
    ['when a field is one of every object', '{"like": "ssd", "__proto__": 3}', /no field "__proto__"/, /channels/],
    ['when a field is named like a method', '{"like": "ssd", "toString": 3}', /no field "toString"/, /channels/],
    ['when a number is a text', '{"like": "ssd", "flushNs": "1ms"}', /flushNs is "1ms"/, /whole number of nanoseconds/],
    ['when a time is negative', '{"like": "ssd", "commandNs": -1}', /commandNs is -1/, /from 0/],
    ['when a time is not whole', '{"like": "ssd", "commandNs": 0.5}', /commandNs is 0\.5/, /whole/],
    ['when a time is longer than any disk', '{"like": "ssd", "fuaNs": 1e13}', /fuaNs is 10000000000000/, /1e12/],
    ['when a speed is 0', '{"like": "ssd", "mediumBytesPerSecond": 0}', /mediumBytesPerSecond is 0/, /from 1/],
    ['when a speed is negative', '{"like": "ssd", "memoryBytesPerSecond": -5}', /memoryBytesPerSecond is -5/, /from 1/],
    ['when a speed has no end', '{"like": "ssd", "interfaceBytesPerSecond": 1e999}', /interfaceBytes/, /to 1e15/],
    ['when there is no channel', '{"like": "ssd", "channels": 0}', /channels is 0/, /from 1/],
    ['when a flag is a number', '{"like": "ssd", "hasFua": 1}', /hasFua is 1/, /true or false/],
    ['when the choice is unknown', '{"like": "hdd", "scheduling": "best"}', /scheduling is "best"/, /"shortest-seek"/],
    ['when the name is empty', '{"like": "hdd", "name": ""}', /name is ""/, /text/],
    ['when the cache is of half a byte', '{"like": "hdd", "cacheBytes": 0.5}', /cacheBytes is 0\.5/, /whole/],
    [
      'when the shortest seek is longer than the longest',
      '{"like": "ssd", "trackToTrackNs": 5}',
      /trackToTrackNs is 5, longer than fullStrokeNs \(0\)/,
      /longest seek/,
    ],
  ]
  it.each(rows)('%s', (_when, text, message, hint) => {
    expect(() => readDiskModel(text, 'a.json')).toThrow(
      expect.objectContaining({
        kind: 'format',
        code: 'E_DISK_MODEL',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    )
  })
})
