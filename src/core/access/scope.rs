//! The policy as SQL.

use uuid::Uuid;

use super::policy::{POLICY, Rule, When};
use super::{Caller, Verb};
use crate::core::db::Statement;
use crate::core::resource::{Parent, Table};

/// Appends the condition under which the caller may do this with a row of the table.
pub fn push_scope(table: &Table, caller: &Caller, verb: Verb, statement: &mut Statement) {
    push_allowed(table, &caller.asking(table.permission(), verb), verb, statement);
}

/// The same for a caller without scopes: they are about what is asked for, not about what follows from it.
fn push_allowed(table: &Table, caller: &Caller, verb: Verb, statement: &mut Statement) {
    if caller.permits_all(table, verb) {
        statement.push("true");
        return;
    }
    statement.push("(false");
    for rule in rules(table, caller, verb) {
        statement.push(" or ");
        push_when(table, caller, rule.when, statement);
    }
    statement.push(")");
}

/// Appends the condition under which the caller may create a row of the table, of which `id_in` tells the ids that its
/// columns will hold.
pub fn push_creation(table: &Table, caller: &Caller, id_in: impl Fn(&str) -> Option<Uuid>, statement: &mut Statement) {
    if !caller.covers(table.permission(), Verb::Create) {
        statement.push("false");
        return;
    }
    let caller = &*caller.asking(table.permission(), Verb::Create);
    let push_parents = |statement: &mut Statement, push: &dyn Fn(&Table, &mut Statement)| {
        for parent in parents(table) {
            let above = parent.table.plural;
            statement.push(&format!(" and exists (select 1 from {above} where {above}.id = "));
            statement.push_arg(id_in(parent.column)).push(" and ");
            push(parent.table, statement);
            statement.push(")");
        }
    };
    statement.push("(false");
    for rule in rules(table, caller, Verb::Create) {
        statement.push(" or ");
        match rule.when {
            When::Own => {
                let user = caller.user_id().map(crate::core::id::Id::uuid);
                let own = user.is_some() && table.owner.and_then(&id_in) == user;
                statement.push(if own { "true" } else { "false" });
            }
            When::Parent(verb) => {
                statement.push("true");
                push_parents(statement, &|parent, statement| push_allowed(parent, caller, verb, statement));
            }
            When::InOwn => {
                statement.push("true");
                push_parents(statement, &|parent, statement| push_owned(parent, caller, statement));
            }
            When::Always
            | When::Published
            | When::PublishedInParent
            | When::Member
            | When::SelfPublished
            | When::OfPlatform
            | When::OwnerOfPlatform => {
                statement.push("false");
            }
        }
    }
    statement.push(")");
}

/// Whether the caller may read every row of the table, whatever is in it.
pub fn reads_all(table: &Table, caller: &Caller) -> bool {
    let caller = caller.asking(table.permission(), Verb::Read);
    caller.permits_all(table, Verb::Read) || rules(table, &caller, Verb::Read).any(|rule| rule.when == When::Always)
}

fn rules<'a>(table: &'a Table, caller: &'a Caller, verb: Verb) -> impl Iterator<Item = &'static Rule> + 'a {
    let about = move |rule: &&Rule| rule.resource == table.plural && caller.is(rule.who);
    POLICY.iter().filter(about).filter(move |rule| rule.verbs.contains(&verb))
}

fn parents(table: &Table) -> impl Iterator<Item = &Parent> {
    table.parent.iter().chain(&table.partner)
}

fn push_when(table: &Table, caller: &Caller, when: When, statement: &mut Statement) {
    match when {
        When::Always => {
            statement.push("true");
        }
        When::Published => push_published(table, caller, statement),
        When::Own => push_equal(table, table.owner, caller, statement),
        When::InOwn => push_parents(table, statement, &|parent, statement| push_owned(parent, caller, statement)),
        When::Member => push_member(table, caller, statement),
        When::SelfPublished if caller.self_publishing => push_owned(table, caller, statement),
        When::SelfPublished => {
            statement.push("false");
        }
        When::OfPlatform => push_of_platform(table, caller, statement),
        When::OwnerOfPlatform => push_owner_of_platform(table, caller, statement),
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

/// Appends that a column has the caller's id.
fn push_equal(table: &Table, column: Option<&str>, caller: &Caller, statement: &mut Statement) {
    match (column, caller.user_id()) {
        (Some(column), Some(user)) => statement.push(&format!("{}.{column} = ", table.plural)).push_arg(user),
        _ => statement.push("false"),
    };
}

/// Appends that a row belongs to the caller: itself, or else all that it is part of.
fn push_owned(table: &Table, caller: &Caller, statement: &mut Statement) {
    match table.owner {
        Some(_) => push_equal(table, table.owner, caller, statement),
        None => push_parents(table, statement, &|parent, statement| push_owned(parent, caller, statement)),
    }
}

fn push_of_platform(table: &Table, caller: &Caller, statement: &mut Statement) {
    match (table.platform, caller.platform_id()) {
        (Some(column), Some(id)) => statement.push(&format!("{}.{column} = ", table.plural)).push_arg(id),
        _ => statement.push("false"),
    };
}

fn push_owner_of_platform(table: &Table, caller: &Caller, statement: &mut Statement) {
    match (table.owner, caller.platform_id()) {
        (Some(column), Some(id)) => statement
            .push(&format!("{}.{column} in (select user_id from platforms where platforms.id = ", table.plural))
            .push_arg(id)
            .push(")"),
        _ => statement.push("false"),
    };
}

fn push_member(table: &Table, caller: &Caller, statement: &mut Statement) {
    match (table.group, caller.user_id()) {
        (Some(column), Some(user)) => {
            let group = format!("{}.{column}", table.plural);
            statement.push(&format!(
                "exists (select 1 from members where members.group_id = {group} and members.user_id = "
            ));
            statement.push_arg(user).push(")");
        }
        _ => {
            statement.push("false");
        }
    }
}

fn push_parent(table: &Table, caller: &Caller, verb: Verb, statement: &mut Statement) {
    push_parents(table, statement, &|parent, statement| push_allowed(parent, caller, verb, statement));
}

/// Appends that all that a row is part of is there and meets a condition.
fn push_parents(table: &Table, statement: &mut Statement, push: &dyn Fn(&Table, &mut Statement)) {
    statement.push(if table.parent.is_some() { "(true" } else { "(false" });
    for parent in parents(table) {
        // A table that is joined twice goes by one name inside each of the two.
        let (child, above) = (table.plural, parent.table.plural);
        statement
            .push(&format!(" and exists (select 1 from {above} where {above}.id = {child}.{} and ", parent.column));
        push(parent.table, statement);
        statement.push(")");
    }
    statement.push(")");
}
