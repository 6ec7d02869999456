//! The end of a server: announced once, heard by all that runs.

use std::time::Duration;

use tokio::sync::watch;

/// How long requests in flight may take once the end is announced; with what follows it stays under 15 s.
pub const GRACE: Duration = Duration::from_secs(13);

/// Whether the server is stopping. Clones share it.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Sender<bool>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Shutdown {
    /// Announces the end.
    pub fn start(&self) {
        self.0.send_replace(true);
    }

    /// Whether the end was announced.
    pub fn started(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the announcement.
    pub async fn announced(&self) {
        // The sender lives as long as this borrow of it, so the wait can't fail.
        let _ = self.0.subscribe().wait_for(|started| *started).await;
    }

    /// Keeps the server from ending while it is held, for as long as 13 s at most: for what outlives its request.
    pub fn hold(&self) -> Hold {
        Hold { _receiver: self.0.subscribe() }
    }

    /// Waits until nothing holds the server.
    pub(super) async fn released(&self) {
        self.0.closed().await;
    }

    /// Waits until [`GRACE`] after the announcement.
    pub(super) async fn overdue(&self) {
        self.announced().await;
        tokio::time::sleep(GRACE).await;
    }
}

/// What the end of a server waits for.
#[derive(Debug)]
pub struct Hold {
    _receiver: watch::Receiver<bool>,
}
