//! The policy as SQL.

use super::policy::{POLICY, When};
use super::{Caller, Verb};
use crate::core::db::Statement;
use crate::core::resource::Table;

/// Appends the condition under which the caller may do this with a row of the table.
pub fn push_scope(table: &Table, caller: &Caller, verb: Verb, statement: &mut Statement) {
    if caller.permits_all(table, verb) {
        statement.push("true");
        return;
    }
    let rules = POLICY.iter().filter(|rule| rule.resource == table.plural && rule.verbs.contains(&verb));
    statement.push("(false");
    for rule in rules {
        statement.push(" or ");
        push_when(table, caller, rule.when, statement);
    }
    statement.push(")");
}

fn push_when(table: &Table, caller: &Caller, when: When, statement: &mut Statement) {
    match when {
        When::Always => {
            statement.push("true");
        }
        When::Published => push_published(table, caller, statement),
        When::Own => match (table.owner, caller.user_id()) {
            (Some(owner), Some(user)) => {
                statement.push(&format!("{}.{owner} = ", table.plural)).push_arg(user);
            }
            _ => {
                statement.push("false");
            }
        },
        When::Parent(verb) => push_parent(table, caller, verb, statement),
        When::PublishedInParent => {
            push_published(table, caller, statement);
            statement.push(" and ");
            push_parent(table, caller, Verb::Read, statement);
        }
    }
}

fn push_published(table: &Table, caller: &Caller, statement: &mut Statement) {
    for (index, instant) in table.published.iter().enumerate() {
        statement.push(if index > 0 { " and " } else { "" });
        statement.push(&format!("{}.{instant} <= ", table.plural)).push_arg(caller.now);
    }
}

fn push_parent(table: &Table, caller: &Caller, verb: Verb, statement: &mut Statement) {
    let Some(parent) = &table.parent else {
        statement.push("false");
        return;
    };
    let (child, above) = (table.plural, parent.table.plural);
    statement.push(&format!("exists (select 1 from {above} where {above}.id = {child}.{} and ", parent.column));
    push_scope(parent.table, caller, verb, statement);
    statement.push(")");
}
