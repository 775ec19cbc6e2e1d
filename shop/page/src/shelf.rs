//! What is in stock, and the form that orders some of it.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::api;
use crate::app::Context;
use crate::state::Action;
use crate::wire::{LineItem, Money, Order};

/// In hundredths of a euro. The shop's services take the customer's word for prices.
const PRICES: [(&str, u64); 4] = [
    ("eraser", 80),
    ("ink", 790),
    ("notebook", 350),
    ("pencil", 125),
];

fn price(sku: &str) -> Money {
    let known = PRICES.iter().find(|(name, _)| *name == sku);
    Money::cents(known.map_or(100, |(_, cents)| *cents))
}

/// Stock, and a form.
#[component]
pub fn Shelf() -> Html {
    let context = use_context::<Context>();
    let (article, quantity) = (use_node_ref(), use_node_ref());
    // Kept here, too: what is typed outlives news of the stock.
    let typed = use_state(|| "1".to_owned());
    let Some(context) = context else {
        return Html::default();
    };
    let stock = context.state.stock.clone();
    let onsubmit = {
        let (context, article, quantity) = (context.clone(), article.clone(), quantity.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let (Some(article), Some(quantity)) = (
                article.cast::<HtmlSelectElement>(),
                quantity.cast::<HtmlInputElement>(),
            ) else {
                return;
            };
            order(
                &context,
                article.value(),
                quantity.value().parse().unwrap_or(0),
            );
        }
    };
    let articles = stock.iter().flatten();
    let oninput = {
        let typed = typed.clone();
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                typed.set(input.value());
            }
        }
    };
    html! {
        <section aria-labelledby="shelf">
            <h1 id="shelf">{ "In stock" }</h1>
            <table id="stock">
                <thead><tr>
                    <th scope="col">{ "Article" }</th>
                    <th scope="col" class="number">{ "Price" }</th>
                    <th scope="col" class="number">{ "Left" }</th>
                </tr></thead>
                <tbody>{ for articles.clone().map(|it| html! {
                    <tr key={it.sku.clone()}>
                        <th scope="row">{ &it.sku }</th>
                        <td class="number">{ price(&it.sku).shown() }</td>
                        <td class="number" id={format!("left-{}", it.sku)}>{ it.pieces() }</td>
                    </tr>
                }) }</tbody>
            </table>
            if stock.is_none() {
                <p>{ "Looking what is there…" }</p>
            }
            <form {onsubmit}>
                <p>
                    <label for="article">{ "Article" }</label>
                    <select id="article" ref={article}>
                        { for articles.map(|it| html! {
                            <option key={it.sku.clone()} value={it.sku.clone()}>{ &it.sku }</option>
                        }) }
                    </select>
                </p>
                <p>
                    <label for="quantity">{ "Pieces" }</label>
                    <input id="quantity" type="number" min="1" required=true
                        value={(*typed).clone()} {oninput}
                        inputmode="numeric" ref={quantity} />
                </p>
                <p><button id="order" disabled={stock.is_none()}>{ "Order" }</button></p>
            </form>
        </section>
    }
}

fn order(context: &Context, sku: String, quantity: i32) {
    let session = context.session.clone();
    let order = Order {
        customer: session.customer.clone(),
        items: vec![LineItem {
            unit_price: price(&sku),
            sku,
            quantity,
        }],
        ..Order::default()
    };
    context.act(async move {
        let placed = api::place(&session, &order).await?;
        let total = placed.total.clone().unwrap_or_default().shown();
        let told = format!("Ordered: {}, for {total}.", placed.content());
        Ok((vec![Action::Changed(placed)], told))
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_price_is_exact() {
        assert_eq!(super::price("pencil").shown(), "1.25 EUR");
        assert_eq!(super::price("eraser").shown(), "0.80 EUR");
    }
}
