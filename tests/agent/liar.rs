//! A registry that answers with something else than was asked for.

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse;

/// Starts one that has what another has, but for the manifest of this digest, which it changes. Answers its address.
pub async fn start(other: &str, digest: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (other, digest) = (other.to_owned(), digest.to_owned());
    let app = Router::new().fallback(move |uri: Uri| {
        let (other, digest) = (other.clone(), digest.clone());
        async move {
            let accept = "application/vnd.oci.image.manifest.v1+json";
            let client = reqwest::Client::new().get(format!("http://{other}{uri}")).header("accept", accept);
            let answer = client.send().await.unwrap();
            let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
            let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            let mut body = answer.bytes().await.unwrap().to_vec();
            if uri.path().ends_with(&digest) {
                body.push(b' ');
            }
            (status, [(header::CONTENT_TYPE, kind.unwrap_or_default())], Bytes::from(body)).into_response()
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}
