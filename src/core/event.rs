//! Events: the outbox that a change and its event reach together, and the relay that carries them to who listens.
//!
//! Every event has a position in one log, in order of commit and without gaps, and an offset in each stream that it
//! belongs to. Whoever has read up to a position has missed nothing before it, but what was hidden at the time.

mod administration;
mod attempts;
mod history;
mod log;
mod relay;
pub mod resume;
mod stream;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

pub use administration::{also_administered, of_audit};
pub use attempts::announce;
pub use history::{Bounds, bounds, epoch, from, offset_before, prune};
pub use log::{advance, after, last_offset, newest, newest_position, since, write};
pub use relay::{Receive, Relay};
pub use stream::Stream;

use super::access::{Caller, Verb};
use super::clock::Timestamp;
use super::id::Id;
use super::model::{Build, Product, User};
use super::resource::Resource;

/// The kind of what those who are signed in say to each other.
const MESSAGE: &str = "message";
/// The kind of what instances print.
pub const OUTPUT: &str = "output";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// A build was handed in for review.
    Submitted,
    /// The operator's check let a build pass.
    Checked,
    /// Somebody vouched for a build.
    Validated,
    /// A build was turned down.
    Rejected,
    /// A voucher has become an entitlement.
    Redeemed,
    /// It can be seen by all from now on.
    Published,
    /// It can't any more.
    Unpublished,
    /// A build was withdrawn from new deployments.
    Yanked,
    /// It is gone.
    Deleted,
}

impl EventType {
    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Submitted => "submitted",
            Self::Checked => "checked",
            Self::Validated => "validated",
            Self::Rejected => "rejected",
            Self::Redeemed => "redeemed",
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Yanked => "yanked",
            Self::Deleted => "deleted",
        }
    }

    /// Whether it tells that something is no longer to be seen, and therefore nothing else of it.
    fn withdraws(self) -> bool {
        matches!(self, Self::Unpublished | Self::Deleted)
    }
}

/// An event about to be written.
#[derive(Debug, Clone)]
pub struct NewEvent {
    event_type: EventType,
    resource_type: &'static str,
    resource_id: Uuid,
    product_id: Option<Id<Product>>,
    build_id: Option<Id<Build>>,
    /// Whether it tells everybody that something is gone, and nothing else of it.
    withdrawn: bool,
    message: String,
    model: Value,
    /// What is sent instead of an event's body.
    verbatim: Option<Box<RawValue>>,
    streams: Vec<Stream>,
}

impl NewEvent {
    /// An event about a product, for the catalogue's stream. One that withdraws it is for all if it was `public`.
    pub fn of_product(event_type: EventType, product: &Product, public: bool, message: String) -> Self {
        let model = if event_type.withdraws() {
            json!({ "product": { "id": product.id } })
        } else {
            json!({ "product": { "id": product.id, "name": product.name, "mime_type": product.mime_type } })
        };
        let (resource_id, product_id) = (product.id.uuid(), Some(product.id));
        Self {
            event_type,
            resource_type: "product",
            resource_id,
            product_id,
            build_id: None,
            withdrawn: public && event_type.withdraws(),
            message,
            model,
            verbatim: None,
            streams: streams_of(event_type, product.id),
        }
    }

    /// An event about what is somebody's: rights, platforms, instances. Who receives it is decided by its streams.
    pub fn of_right(
        event_type: EventType,
        resource_type: &'static str,
        resource_id: Uuid,
        message: String,
        model: Value,
        mut streams: Vec<Stream>,
    ) -> Self {
        streams.dedup();
        let (product_id, build_id, withdrawn, verbatim) = (None, None, false, None);
        Self {
            event_type,
            resource_type,
            resource_id,
            product_id,
            build_id,
            withdrawn,
            message,
            model,
            verbatim,
            streams,
        }
    }

    /// What somebody says to all.
    pub fn said(data: Box<RawValue>) -> Self {
        let said =
            Self::of_right(EventType::Created, MESSAGE, Uuid::new_v4(), String::new(), Value::Null, vec![Stream::Chat]);
        Self { verbatim: Some(data), ..said }
    }

    /// An event about a build, for the catalogue's stream. One that withdraws it is for all if it was `public`.
    pub fn of_build(event_type: EventType, build: &Build, public: bool, message: String) -> Self {
        let model = if event_type.withdraws() {
            json!({ "build": { "id": build.id, "product": { "id": build.product_id } } })
        } else {
            json!({ "build": {
                "id": build.id,
                "version": build.version,
                "container_repository": build.container_repository,
                "container_tag": build.container_tag,
                "container_digest": build.container_digest,
                "product": { "id": build.product_id },
            } })
        };
        let (resource_id, product_id) = (build.id.uuid(), Some(build.product_id));
        let build_id = (!event_type.withdraws()).then_some(build.id);
        let withdrawn = public && event_type.withdraws();
        Self {
            event_type,
            resource_type: "build",
            resource_id,
            product_id,
            build_id,
            withdrawn,
            message,
            model,
            verbatim: None,
            streams: streams_of(event_type, build.product_id),
        }
    }
}

impl NewEvent {
    /// The same with a reason.
    pub fn because(mut self, reason: &str) -> Self {
        self.model[self.resource_type]["reason"] = reason.into();
        self
    }

    /// The same, marked as what an agent told itself.
    pub fn reported(mut self) -> Self {
        self.model[self.resource_type]["reported"] = true.into();
        self
    }

    /// The same on these streams, too.
    pub fn also_on(mut self, streams: Vec<Stream>) -> Self {
        for stream in streams {
            if !self.streams.contains(&stream) {
                self.streams.push(stream);
            }
        }
        self
    }
}

/// The catalogue tells what can be seen and what no longer can; a product's own stream tells all but why drafts are rejected.
fn streams_of(event_type: EventType, product: Id<Product>) -> Vec<Stream> {
    match event_type {
        EventType::Rejected => Vec::new(),
        EventType::Created | EventType::Updated | EventType::Submitted | EventType::Checked | EventType::Validated => {
            vec![Stream::Product(product)]
        }
        _ => vec![Stream::Catalog, Stream::Product(product)],
    }
}

/// An event as everybody gets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id, by which repeats are told.
    pub id: Uuid,
    /// What happened.
    pub event_type: String,
    /// To what kind of thing.
    pub resource_type: String,
    /// What happened, as a sentence.
    pub message: String,
    /// When.
    pub occurred_at: Timestamp,
    /// The thing itself, as far as it may be told.
    pub model: Value,
}

/// An event on a stream, with what decides who may receive it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its place in the log of all events.
    pub position: i64,
    /// The stream.
    pub stream: Stream,
    /// Its place in the stream, from 1, without gaps.
    pub offset: i64,
    resource_type: String,
    /// Its id.
    pub id: Uuid,
    /// The [`Event`] as JSON, made once when it was written.
    pub body: Arc<str>,
    readable_by_all: bool,
    owner: Option<Id<User>>,
}

impl Delivery {
    /// Whether a caller may read what it is about, as of when it was read from the log.
    pub fn is_for(&self, caller: &Caller) -> bool {
        if !self.stream.is_of_catalog() {
            return self.stream.tells(caller, &self.resource_type);
        }
        self.readable_by_all
            || reads_drafts(caller)
                && (caller.permits_all(&Product::TABLE, Verb::Read)
                    || self.owner.is_some() && self.owner == caller.user_id())
    }
}

/// Whether what a caller signed in with may be used to read all that events of the catalogue tell. What it may not be used
/// for, strangers don't hear either.
fn reads_drafts(caller: &Caller) -> bool {
    [Product::TABLE.plural, Build::TABLE.plural].iter().all(|resource| caller.covers(resource, Verb::Read))
}
