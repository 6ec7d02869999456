//! The audit log as a resource: it is read, and written by the marketplace alone.

use uuid::Uuid;

use super::{Platform, Token, User, period};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::{Json, Statement};
use crate::core::field::{Line, Object, Shape};
use crate::core::id::Id;
use crate::core::resource::{Resource, Table};
use crate::resource;

resource! {
    /// An entry of the audit log: who did what to what. What a change cascades to has no entries of its own.
    pub struct AuditEvent {
        /// What was done: create, update, delete, sign_in or sign_out.
        [server] action: Line,
        /// The kind of thing that it was done to.
        [server] resource_type: Line,
        /// The thing.
        [server] resource_id: Option<Uuid>,
        /// The user who did it.
        [server] user_id: Option<Id<User>>,
        /// The platform that did it.
        [server] platform_id: Option<Id<Platform>>,
        /// The token by which they were signed in.
        [server] token_id: Option<Id<Token>>,
        /// The address that it was done from.
        [server] address: Option<Line>,
        /// What bears on who may do what, as it was.
        [server] before: Option<Json<Object>>,
        /// What became of that.
        [server] after: Option<Json<Object>>,
    }
}

impl Resource for AuditEvent {
    const TABLE: Table = Table {
        name: "audit_event",
        plural: "audit_events",
        permission: Some("audit"),
        path: "/audit_events",
        ..Table::PLAIN
    };
    const FILTERS: &'static [(&'static str, Shape, &'static str)] = period::FILTERS;

    fn filter(name: &str, value: &str, _: &Caller, statement: &mut Statement) -> Result<()> {
        period::push(&Self::TABLE, name, value, statement)
    }
}
