//! `acme.inventory.v1.StockService`: what its rpcs do.

use tonic::{Request, Response, Status};

use super::inventory_service::refusal;
use crate::proto::acme::inventory::v1 as pb;
use crate::state::State;

/// Carries out the rpcs of `acme.inventory.v1.StockService`.
#[derive(Debug, Clone)]
pub struct Api {
    /// What it shares with others.
    pub state: State,
}

#[tonic::async_trait]
impl pb::stock_service_server::StockService for Api {
    async fn list_stock(
        &self,
        _: Request<pb::ListStockRequest>,
    ) -> Result<Response<pb::ListStockResponse>, Status> {
        let levels = self.state.ledger.levels(String::new()).await;
        let levels = levels.map_err(refusal)?.into_iter();
        // Articles that were only ever asked for are none.
        let articles = levels
            .filter(|level| level.limit > 0)
            .map(|level| pb::Article {
                sku: level.key,
                total: level.limit,
                left: level.left,
            });
        Ok(Response::new(pb::ListStockResponse {
            articles: articles.collect(),
        }))
    }
}
