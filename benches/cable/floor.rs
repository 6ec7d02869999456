//! A bare broadcast of the same bytes: no rights, no log, no protocol but WebSocket's. Nobody is faster with these libraries.

use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use mkt::core::clock;
use tokio::sync::broadcast;

/// Serves WebSockets, and a while after the last has come sends each some events.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on ws://{}", listener.local_addr().unwrap());
        let (events, _) = broadcast::channel::<Utf8Bytes>(64);
        let sender = events.clone();
        tokio::spawn(async move {
            let mut before = 0;
            loop {
                tokio::time::sleep(Duration::from_secs(4)).await;
                let now = sender.receiver_count();
                if now > 0 && now == before {
                    break;
                }
                before = now;
            }
            for number in 0..super::EVENTS {
                let event = format!(
                    r#"{{"identifier":"{{\"channel\":\"CatalogChannel\"}}","message":{{"id":"{:036}","event_type":"published","resource_type":"product","message":"Product {number} was published.","occurred_at":"{}","model":{{"product":{{"id":"c0ffee00-0000-4000-8000-000000000000","name":"Product {number}","mime_type":null}}}}}}}}"#,
                    number,
                    clock::now()
                );
                let _ = sender.send(event.into());
                tokio::time::sleep(super::PAUSE).await;
            }
        });
        let connect = async move |upgrade: WebSocketUpgrade| {
            let heard = events.subscribe();
            upgrade.read_buffer_size(4096).write_buffer_size(4096).on_upgrade(|socket| pass_on(heard, socket))
        };
        axum::serve(listener, Router::new().fallback(get(connect))).await.unwrap();
    });
}

async fn pass_on(mut events: broadcast::Receiver<Utf8Bytes>, mut socket: WebSocket) {
    while let Ok(event) = events.recv().await {
        if socket.send(Message::Text(event)).await.is_err() {
            break;
        }
    }
    while let Some(Ok(_)) = socket.recv().await {}
}
