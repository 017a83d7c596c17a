// What bin/run.js starts, bundled with the commands.
export {execute} from '@oclif/core/execute'
export {namedCommand} from './named-command.js'
