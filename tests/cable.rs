//! Events over the WebSocket, and `mkt watch`.

mod actioncable;
mod administration;
mod agents;
mod anycable;
mod faults;
mod relay;
mod replay;
mod rights;
mod watch;

use crate::support::Server;

/// The ids of all events of the catalogue that are kept.
async fn kept(server: &Server) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/events?limit=1000&after={after}")).await;
        let results = page["results"].as_array().unwrap();
        if results.is_empty() {
            return ids;
        }
        ids.extend(results.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        after = page["last_id"].as_str().unwrap().to_owned();
    }
}
