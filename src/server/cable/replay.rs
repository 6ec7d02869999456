//! What a client has missed, sent before anything newer.

use super::connection::{Connection, End};
use super::frame::{self, Position};
use super::history::PAGE;
use crate::core::clock::Timestamp;

impl Connection {
    /// Sends what a subscription has missed since a client's position, in order and before anything newer.
    pub(super) async fn replay(&mut self, index: usize, position: &Position) -> Result<(), End> {
        self.subscriptions[index].hold();
        let identifier = self.subscriptions[index].identifier.clone();
        let kept = match self.start(index, position).await? {
            Some(offset) => self.catch_up(index, offset).await?,
            None => false,
        };
        if kept {
            return self.send(frame::confirm_history(&identifier)).await;
        }
        self.release(index).await?;
        self.send(frame::reject_history(&identifier)).await
    }

    /// The offset that a client's position stands for, if all that came after it is kept.
    async fn start(&mut self, index: usize, position: &Position) -> Result<Option<i64>, End> {
        let (app, stream) = (self.app.clone(), self.subscriptions[index].stream);
        let history = app.hub().history();
        match (position.streams.get(&stream.to_string()), position.since) {
            (Some(at), _) => {
                if at.epoch != app.hub().epoch() {
                    return Ok(None);
                }
                let kept = self.meanwhile(history.keeps_after(stream, at.offset)).await?;
                Ok(self.or_restart(kept)?.then_some(at.offset))
            }
            (None, Some(seconds)) => {
                let instant = Timestamp::from_unix_millis((seconds * 1000.0) as i64);
                let Some(instant) = instant else { return Ok(None) };
                let offset = self.meanwhile(history.offset_before(stream, instant)).await?;
                self.or_restart(offset)
            }
            (None, None) => Ok(None),
        }
    }

    /// Sends all that is in the log after an offset, and lets what happens through once there is no more. Not so when some of
    /// it has been forgotten by now, by whichever server.
    async fn catch_up(&mut self, index: usize, offset: i64) -> Result<bool, End> {
        let (app, stream) = (self.app.clone(), self.subscriptions[index].stream);
        self.subscriptions[index].sent = offset;
        loop {
            let sent = self.subscriptions[index].sent;
            let page = self.meanwhile(app.hub().history().page(stream, sent)).await?;
            let page = self.or_restart(page)?;
            if page.first().is_some_and(|next| next.delivery.offset > sent + 1) {
                return Ok(false);
            }
            let caller = self.membership.caller();
            for parcel in page.iter() {
                self.subscriptions[index].sent = parcel.delivery.offset;
                self.deliver(index, parcel, &caller).await?;
            }
            self.flush().await?;
            if page.is_empty() || self.subscriptions[index].is_caught_up() && page.len() < PAGE {
                self.subscriptions[index].release();
                return Ok(true);
            }
        }
    }

    /// Lets what was held back through, and then what happens.
    pub(super) async fn release(&mut self, index: usize) -> Result<(), End> {
        if let Some(offset) = self.subscriptions[index].before_held() {
            self.catch_up(index, offset).await?;
        }
        self.subscriptions[index].release();
        Ok(())
    }
}
