//! The typed client, as programs in Rust use it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;

use mkt::client::{Cause, Client};
use mkt::core::model::{License, Product, ProductLicense};
use mkt::core::secret::Secret;
use serde_json::json;

use crate::support::{ADMIN_TOKEN, Database, Server, mkt};

#[tokio::test]
async fn records_are_typed() {
    let server = Server::start(&Database::sqlite()).await;
    let client = Client::new(server.url("").parse().unwrap(), Some(Secret::new(ADMIN_TOKEN))).unwrap();
    let licenses = client.collection::<License>(&[]);
    let mut mit = licenses.create(&json!({ "name": "MIT", "url": "https://example.org/mit" })).await.unwrap();
    assert_eq!(mit.path, format!("/licenses/{}", mit.record.id));
    let id = mit.record.id.uuid();
    assert_eq!(licenses.find(id).await.unwrap(), mit);
    // Records can be sent back whole.
    mit.record.terms = Some("Do as you like.".parse().unwrap());
    let changed = licenses.update(id, &mit).await.unwrap().record;
    assert_eq!(changed.terms, mit.record.terms);

    let products = client.collection::<Product>(&[]);
    for index in 0..12 {
        products.create(&json!({ "name": format!("Product {index:02}") })).await.unwrap();
    }
    let page = products.list(&[("per_page", "5".to_owned())]).await.unwrap();
    assert_eq!((page.results.len(), page.total_entries, page.next_page), (5, 12, Some(2)));
    assert_eq!(products.list_all(&[("name", "product".to_owned())]).await.unwrap().results.len(), 12);
    let found = products.search(&json!({ "text": "product 07" })).await.unwrap();
    assert_eq!(found.results.len(), 1);
    let product = found.results[0].record.id.uuid();
    assert!(products.act(product, "publish").await.unwrap().record.published_at.is_some());

    let offers = client.collection::<ProductLicense>(&[product]);
    let offer = offers.create(&json!({ "license_id": id })).await.unwrap();
    assert_eq!(offer.record.product_id.uuid(), product);
    assert_eq!(products.find(product).await.unwrap().record.product_licenses, [offer]);
    assert_eq!(licenses.delete(id, true).await.unwrap().record.id, mit.record.id);
    let gone = licenses.find(id).await.unwrap_err();
    assert_eq!((gone.cause, gone.problem["status"].as_u64()), (Cause::NotFound, Some(404)));
    let missing = licenses.create(&json!({})).await.unwrap_err();
    assert_eq!(missing.cause, Cause::Invalid);
    assert_eq!(missing.problem["errors"]["name"], json!(["is required"]));
}

/// Answers one connection after the other, and tells the heads of the requests.
fn answering(answers: &'static [&'static str]) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let serve = |answer: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                request.read_line(&mut head).unwrap();
            }
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            request.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            head
        };
        answers.iter().map(serve).collect()
    });
    (address, served)
}

const BUSY: &str = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const TAKEN: &str =
    "HTTP/1.1 409 Conflict\r\nContent-Length: 30\r\nConnection: close\r\n\r\n{\"message\":\"\\u001b[31mTaken.\"}";

#[tokio::test]
async fn a_creation_is_repeated_under_its_key() {
    let (address, served) = answering(&[BUSY, BUSY, TAKEN, TAKEN]);
    for _ in 0..2 {
        let ran = mkt(&["license", "create", "--set", "name=MIT"], &[("MKT_SERVER", &address)]).await;
        assert_eq!(ran.code, 6, "{}", ran.stderr);
        assert!(ran.stderr.contains("\u{fffd}[31mTaken."), "terminals would obey this: {:?}", ran.stderr);
    }
    let requests = served.join().unwrap();
    let keys: Vec<_> =
        requests.iter().map(|head| head.lines().find(|line| line.starts_with("idempotency-key: ")).unwrap()).collect();
    assert!(keys[0] == keys[1] && keys[1] == keys[2], "{keys:?}");
    assert_ne!(keys[2], keys[3]);
}
