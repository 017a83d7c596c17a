import type {Problem} from '../disk-layout/index.js'
import type {Block} from '../report/index.js'

/** Problems for people: each error is bad news of its own, warnings are a list. @param fine what to say when there are none */
export function problemBlocks(problems: readonly Problem[], fine: string): Block[] {
  const errors = problems.filter(({severity}) => severity === 'error')
  const warnings = problems.filter(({severity}) => severity === 'warning')
  const list: Block[] =
    warnings.length === 0
      ? []
      : [
          {kind: 'heading', level: 2, text: 'Warnings'},
          {kind: 'list', items: warnings.map(textOf)},
        ]
  const verdicts = errors.map((problem): Block => ({kind: 'verdict', ok: false, text: textOf(problem)}))
  return [...list, ...(errors.length > 0 ? verdicts : [{kind: 'verdict', ok: true, text: fine} as const])]
}

function textOf({text, hint}: Problem): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1)
  return hint === undefined ? `${sentence}.` : `${sentence}. ${hint}`
}
