//! An event on its way to many: the frames are made once for all who know their subscription by the same identifier.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::ws::Utf8Bytes;

use super::frame::{self, Dialect};
use crate::core::event::Delivery;

/// How many frames of an event are kept: clients are free in how they write identifiers, but most write alike.
const VARIANTS: usize = 32;

/// An event, and the frames that were made of it.
pub struct Parcel {
    /// The event.
    pub delivery: Delivery,
    frames: Mutex<Vec<(Dialect, Arc<str>, Utf8Bytes)>>,
}

impl Parcel {
    /// An event that nothing was made of yet.
    pub fn new(delivery: Delivery) -> Self {
        Self { delivery, frames: Mutex::default() }
    }

    /// The frame for a subscription.
    pub fn frame(&self, dialect: Dialect, identifier: &Arc<str>, epoch: &str) -> Utf8Bytes {
        // Whatever panicked while it held the lock left nothing half done.
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        let made = frames.iter().find(|(spoken, known, _)| *spoken == dialect && **known == **identifier);
        if let Some((_, _, frame)) = made {
            return frame.clone();
        }
        let frame = frame::event(dialect, identifier, &self.delivery, epoch);
        if frames.len() < VARIANTS {
            frames.push((dialect, identifier.clone(), frame.clone()));
        }
        frame
    }
}
