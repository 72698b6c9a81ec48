import { expect, test } from 'vitest'
import { Budget, Budgets } from './budget.ts'

test('T8: a budget gives its burst, then what time brings', () => {
  const budget = new Budget(10, 3, 0)
  expect([1, 1, 1, 1].map((one) => budget.take(one, 0))).toEqual([true, true, true, false])
  expect(budget.take(1, 99)).toBe(false)
  expect(budget.take(1, 100)).toBe(true)
  expect(budget.take(3, 10_000)).toBe(true)
  expect(budget.take(1, 10_000)).toBe(false)
})

test('T8: what is spent on credit has to be waited for', () => {
  const budget = new Budget(1000, 500, 0)
  expect(budget.spend(500, 0)).toBe(0)
  expect(budget.spend(250, 0)).toBe(250)
  expect(budget.spend(1, 250)).toBe(1)
})

test('a clock that is set back gives nothing and takes nothing', () => {
  const budget = new Budget(1000, 10, 5_000)
  expect(budget.take(10, 5_000)).toBe(true)
  expect(budget.take(1, 1_000)).toBe(false)
  expect(budget.take(1, 1_001)).toBe(true)
})

test('T8: budgets are kept while they matter and forgotten when full', () => {
  const budgets = new Budgets(10, 5)
  expect(budgets.of('a', 0).take(5, 0)).toBe(true)
  budgets.of('b', 0)
  budgets.sweep(100)
  expect(budgets.size).toBe(1)
  expect(budgets.of('a', 100).take(5, 100)).toBe(false)
  budgets.sweep(10_000)
  expect(budgets.size).toBe(0)
})
