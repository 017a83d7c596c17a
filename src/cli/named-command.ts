import {readFileSync} from 'node:fs'
import path from 'node:path'

import type {Interfaces} from '@oclif/core'
import type {Command} from '@oclif/core/command'

type Plugin = Interfaces.Plugin

/** What oclif is started with. */
interface LoadOptions {
  readonly root: string
  readonly plugins: Map<string, Plugin>
}

/**
 * The command that a command line names first, as a plugin that holds nothing else: oclif then looks for no plugins, and sorts no
 * list of commands (the first comparison of two names by the rules of a language loads those rules).
 *
 * @param root the folder of package.json and the manifest
 * @param command the class that the words name, as bin/run.js has loaded it
 * @returns undefined where all commands are needed: for help, a word that is no command, and without a manifest
 */
export function namedCommand(root: string, argv: readonly string[], command: Command.Class): LoadOptions | undefined {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
  const pjson = readJson(path.join(root, 'package.json')) as Plugin['pjson'] | undefined
  const manifest = readJson(path.join(root, 'oclif.manifest.json')) as Interfaces.Manifest | undefined
  if (pjson === undefined || manifest?.version !== pjson.version) return undefined
  if (own.some((word) => word === '--help' || pjson.oclif.additionalHelpFlags?.includes(word))) return undefined
  const {commands} = manifest
  const id = [own.slice(0, 2).join(':'), own[0] ?? ''].find((words) => Object.hasOwn(commands, words))
  const cached = id === undefined ? undefined : commands[id]
  return cached && {root, plugins: new Map([[pjson.name, holding(cached, command, root, pjson)]])}
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined // whoever needs it will say what is wrong
  }
}

function holding(cached: Command.Cached, command: Command.Class, root: string, pjson: Plugin['pjson']): Plugin {
  const {id} = cached
  const load = async (): Promise<Command.Class> => Object.assign(command, {id, plugin})
  const plugin: Plugin = {
    _base: '',
    alias: pjson.name,
    commandIDs: [id],
    commands: [{...cached, load}],
    commandsDir: undefined,
    findCommand: load,
    hasManifest: true,
    hooks: {},
    isRoot: true,
    load: async () => {},
    moduleType: 'module',
    name: pjson.name,
    options: {root},
    pjson,
    root,
    topics: [],
    type: 'core',
    valid: true,
    version: pjson.version,
  }
  return plugin
}
