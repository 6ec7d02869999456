//! The marketplace over HTTP: JSON API and WebSocket. Handlers extract, call the core, and wrap what it answers.

mod address;
mod answer;
mod asker;
mod authenticator;
mod authorizations;
mod body;
mod cable;
mod cache;
mod checks;
mod crud;
mod deadline;
mod deployments;
mod device;
mod events;
mod files;
mod guard;
mod identity_providers;
mod jobs;
mod labels;
mod limits;
mod listener;
mod multipart;
mod oauth;
mod oidc;
mod openapi;
mod origin;
mod packages;
mod parts;
mod problem;
mod products;
mod reports;
mod reviews;
mod router;
mod seats;
mod sessions;
mod shutdown;
mod sign_in;
mod socket;
mod status;
mod throttle;
mod ui;
mod vouchers;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use url::Url;

pub use checks::{By, Check};
pub use limits::{ConnectionLimits, Limits};
pub use openapi::document as openapi;
pub use origin::{Proxy, WebOrigin};
pub use shutdown::Shutdown;
pub use ui::{Alone, UiServer};

use authenticator::Authenticator;
use cable::{Hub, Lost, Presence};
use listener::Terms;
use oidc::RelyingParty;
use seats::Seats;
use ui::Ui;

use crate::core::clock;
use crate::core::db::Db;
use crate::core::event::Relay;
use crate::core::field::Email;
use crate::core::files::Files;
use crate::core::licensing::Licensing;
use crate::core::package::Publications;
use crate::core::review::Requirements;
use crate::core::secret::Secret;
use crate::core::signing::Keys;
use crate::core::{Error, Result};

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where clients reach the marketplace, if not where their requests say.
    pub public_url: Option<Url>,
    /// Where the web interface is.
    pub ui_url: Option<Url>,
    /// What the marketplace is called.
    pub title: String,
    /// Proxies whose `Forwarded` headers are believed.
    pub trusted_proxies: Vec<Proxy>,
    /// Web origins that may call the API; none means any.
    pub cors_origins: Vec<WebOrigin>,
    /// Whether the catalogue's events may be followed without a token.
    pub anonymous_events: bool,
    /// Whether owners of products may publish them without a role that permits it.
    pub self_publishing: bool,
    /// What is required of builds before they are published.
    pub requires: Requirements,
    /// What checks them, if anything does.
    pub check: Option<Check>,
    /// The token of the first administrator.
    pub admin_token: Secret,
    /// The mail addresses of administrators.
    pub admin_emails: Vec<Email>,
    /// What clients may take.
    pub limits: Limits,
    /// For how many days events are kept.
    pub events_days: u32,
    /// How many events are kept.
    pub events_kept: u32,
}

impl Settings {
    /// Whether an address is of a proxy whose `Forwarded` headers are believed.
    fn trusts(&self, address: IpAddr) -> bool {
        origin::is_trusted(&self.trusted_proxies, address)
    }
}

/// What handlers share.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    files: Files,
    hub: Arc<Hub>,
    lost: Lost,
    presence: Presence,
    handshakes: Semaphore,
    settings: Settings,
    shutdown: Shutdown,
    cache: cache::Cache,
    authenticator: Authenticator,
    licensing: Licensing,
    publications: Publications,
    relying_party: RelyingParty,
    throttle: throttle::Throttle,
    ui: Arc<Ui>,
}

impl App {
    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The store of files.
    pub fn files(&self) -> &Files {
        &self.0.files
    }

    /// Who follows which events.
    fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    /// What lost connections followed.
    fn lost(&self) -> &Lost {
        &self.0.lost
    }

    /// Which agents are there.
    fn presence(&self) -> &Presence {
        &self.0.presence
    }

    /// How many more WebSockets may be opened at this moment.
    fn handshakes(&self) -> &Semaphore {
        &self.0.handshakes
    }

    /// How the server is set up.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The answers kept for a moment.
    fn cache(&self) -> &cache::Cache {
        &self.0.cache
    }

    /// Who tokens stand for.
    pub fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    /// What decides who may use what.
    pub fn licensing(&self) -> &Licensing {
        &self.0.licensing
    }

    /// The packages that are on their way.
    pub fn publications(&self) -> &Publications {
        &self.0.publications
    }

    /// What talks to identity providers.
    pub fn relying_party(&self) -> &RelyingParty {
        &self.0.relying_party
    }

    /// What clients have spent lately.
    fn throttle(&self) -> &throttle::Throttle {
        &self.0.throttle
    }

    /// The web application.
    fn ui(&self) -> &Arc<Ui> {
        &self.0.ui
    }

    /// The end of this server.
    pub fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }
}

/// A server that listens, not yet serving.
pub struct Server {
    listener: TcpListener,
    seats: Seats,
    app: App,
    relay: tokio::task::JoinHandle<()>,
    jobs: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Takes the address and starts to follow the log of events.
    ///
    /// # Errors
    /// When the address is taken or the database is away.
    pub async fn bind(db: Db, files: Files, settings: Settings) -> Result<Self> {
        let listener = listener::bind(settings.listen).await?;
        // Before the address is announced, for this may raise what the system lets the process have.
        let seats = Seats::new(&settings.limits.connections);
        let hub = Arc::new(Hub::new(db.clone(), settings.limits.sockets).await?);
        let relay = Relay::start(db.clone(), hub.clone()).await?;
        let keys = Keys::default();
        keys.renew(&db, clock::now()).await?;
        let licensing = Licensing::new(keys.clone());
        let authenticator = Authenticator::new(keys, settings.admin_token.clone());
        let app = App(Arc::new(Inner {
            db,
            files,
            hub,
            lost: Lost::default(),
            presence: Presence::default(),
            handshakes: Semaphore::new(cable::HANDSHAKES),
            throttle: throttle::Throttle::new(settings.limits.rate),
            ui: Arc::new(Ui::new(&settings.title, None)?),
            settings,
            shutdown: Shutdown::default(),
            cache: cache::Cache::default(),
            authenticator,
            licensing,
            publications: Publications::default(),
            relying_party: RelyingParty::new()?,
        }));
        let jobs = tokio::spawn(jobs::run(app.clone()));
        Ok(Self { listener, seats, app, relay, jobs })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().map_err(Error::internal)
    }

    /// Serves until `stop` resolves, then finishes what is in flight, for 13 s at most.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.app.shutdown().clone();
        let settings = self.app.settings();
        let terms = Terms {
            limits: settings.limits.connections,
            trusted_proxies: settings.trusted_proxies.clone(),
            shutdown: shutdown.clone(),
        };
        let routes = router::router(self.app.clone());
        wait_for(listener::serve(self.listener, self.seats, routes, terms), stop, &shutdown).await;
        self.relay.abort();
        self.jobs.abort();
        jobs::last(&self.app).await;
        // A connection that the database does not give back is not waited for.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.app.db().close()).await;
    }
}

/// Serves until `stop` resolves, then until all connections have ended, for 13 s at most.
async fn wait_for(listening: impl Future<Output = ()>, stop: impl Future<Output = ()>, shutdown: &Shutdown) {
    let stopping = async {
        stop.await;
        tracing::info!("stopping: finishing what is in flight");
        shutdown.start();
    };
    // Connections hold the server until they have ended, and WebSockets, which are no requests any more.
    let serving = async {
        tokio::join!(stopping, listening);
        shutdown.released().await;
    };
    tokio::select! {
        () = serving => {}
        () = shutdown.overdue() => tracing::warn!("stopped with requests still in flight"),
    }
}

/// An address as logs and limits see it: IPv4 addresses mapped into IPv6 as the IPv4 that they are.
fn canonical(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}
