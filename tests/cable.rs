//! Events over the WebSocket, and `mkt watch`.

mod actioncable;
mod watch;
