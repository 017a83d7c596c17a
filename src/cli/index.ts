/**
 * Method: the edge between the command line and everything else. A command extends BaseCommand, describes its flags, runs
 * one of the rooms below and hands a Document to print(). Errors leave as text or JSON with the exit status of their kind
 * in one place (BaseCommand.catch, failure.ts), signals enter in one place (Interrupt), progress is drawn in one place
 * (startSpinner, on a terminal's stderr only). The hook in command-not-found.ts is loaded by oclif itself.
 *
 * @module
 */
export {BaseCommand} from './base-command.js'
export {atomOf, crashFlags} from './crash-flags.js'
export {askOnTerminal} from './consent.js'
export {exitStatusHelp} from './exit-status.js'
export {Interrupt, type SignalSource} from './interrupt.js'
export {startProgress, type Progress} from './progress.js'
export {seedFlag} from './seed-flag.js'
export {sizeFlag} from './size-flag.js'
export {startSpinner, type Spinner} from './spinner.js'
