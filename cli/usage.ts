import type { Operation } from '../node/ops/define.ts'
import type { Param } from './operation-params.ts'

/** The usage line of a derived command: `atoll remember TEXT [--tags TAGS]`. */
export function usageOf(operation: Operation, params: readonly Param[]): string {
  const words = params.map((param) => {
    const rest = param.place !== null && operation.cli?.rest === true && param.place === operation.positional.length - 1
    if (param.place !== null) return optional(param.placeholder + (rest ? '…' : ''), param)
    if (param.kind === 'flag') return `[--${param.flag}]`
    return optional(`--${param.flag} ${param.choices.length > 0 ? param.choices.join('|') : param.placeholder}`, param) + (param.kind === 'list' ? '…' : '')
  })
  const confirm = operation.cli?.confirm === undefined ? [] : ['[--yes]']
  return ['atoll', operation.cli?.command ?? operation.name, ...words, ...confirm].join(' ')
}

function optional(text: string, { required }: Param): string {
  return required ? text : `[${text}]`
}
