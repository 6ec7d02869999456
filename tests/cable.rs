//! Events over the WebSocket, and `mkt watch`.

mod actioncable;
mod agents;
mod anycable;
mod relay;
mod replay;
mod rights;
mod watch;
