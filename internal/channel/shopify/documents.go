package shopify

import "fmt"

// document is one GraphQL document with the operation's name in errors and the most points that the shop may ask for it.
//
// The price follows the published rule: an object 1, a connection as many times its contents as its page is long, a mutation
// 10, a scalar nothing; no query may ask more than 1000. See docs/channels/shopify.md.
type document struct {
	Op   string
	Cost float64
	Text string
}

// Page sizes, chosen so that no document can cost more than 1000 points.
const (
	ordersPage   = 20
	linesInOrder = 15
	linesPage    = 200
	eventsPage   = 8  // refunds and shipments of one order, each
	eventLines   = 20 // lines of each of those
	eventsMost   = 250
	listingsPage = 150
	locationPage = 50
)

const (
	lineFields = `id sku name quantity currentQuantity unfulfilledQuantity variant { id inventoryItem { id } }`
	pageInfo   = `pageInfo { hasNextPage endCursor }`
	lineCost   = 3 // line, variant, inventory item
	pageCost   = 2 // connection, pageInfo
)

// The documents. A test validates each against the official schema.
var (
	docOrders = document{
		Op:   "orders",
		Cost: pageCost + ordersPage*(1+pageCost+linesInOrder*lineCost),
		Text: fmt.Sprintf(`query Orders($q: String!, $after: String) {
  orders(first: %d, after: $after, query: $q, sortKey: UPDATED_AT) {
    nodes {
      id name createdAt updatedAt cancelledAt test displayFulfillmentStatus
      lineItems(first: %d) { nodes { %s } %s }
    }
    %s
  }
}`, ordersPage, linesInOrder, lineFields, pageInfo, pageInfo),
	}
	docOrderLines = document{
		Op:   "order/lines",
		Cost: 1 + pageCost + linesPage*lineCost,
		Text: fmt.Sprintf(`query OrderLines($id: ID!, $after: String) {
  order(id: $id) { id lineItems(first: %d, after: $after) { nodes { %s } %s } }
}`, linesPage, lineFields, pageInfo),
	}
	docHistory = document{
		Op:   "order/history",
		Cost: 1 + 2*eventsPage*(1+pageCost+2*eventLines),
		Text: fmt.Sprintf(`query OrderHistory($id: ID!) {
  order(id: $id) {
    id
    refunds(first: %d) { id refundLineItems(first: %d) { nodes { %s } %s } }
    fulfillments(first: %d) { id status fulfillmentLineItems(first: %d) { nodes { %s } %s } }
  }
}`, eventsPage, eventLines, refundLineFields, pageInfo, eventsPage, eventLines, shippedLineFields, pageInfo),
	}
	docEvents = document{
		Op:   "order/events",
		Cost: 1 + 2*eventsMost,
		Text: fmt.Sprintf(`query OrderEvents($id: ID!) {
  order(id: $id) { id refunds(first: %d) { id } fulfillments(first: %d) { id status } }
}`, eventsMost, eventsMost),
	}
	docRefundLines = document{
		Op:   "refund/lines",
		Cost: 1 + pageCost + linesPage*2,
		Text: fmt.Sprintf(`query RefundLines($id: ID!, $after: String) {
  node(id: $id) { ... on Refund { id refundLineItems(first: %d, after: $after) { nodes { %s } %s } } }
}`, linesPage, refundLineFields, pageInfo),
	}
	docShippedLines = document{
		Op:   "fulfillment/lines",
		Cost: 1 + pageCost + linesPage*2,
		Text: fmt.Sprintf(`query FulfillmentLines($id: ID!, $after: String) {
  node(id: $id) { ... on Fulfillment { id fulfillmentLineItems(first: %d, after: $after) { nodes { %s } %s } } }
}`, linesPage, shippedLineFields, pageInfo),
	}
	docSet = document{
		Op:   "inventorySetQuantities",
		Cost: 16,
		Text: `mutation SetQuantities($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name quantityAfterChange item { id } location { id } } }
    userErrors { code field message }
  }
}`,
	}
	docRead = document{
		Op:   "inventoryItems",
		Cost: 250*3 + 1,
		Text: `query ReadStock($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on InventoryItem {
      id tracked
      inventoryLevel(locationId: $location) { id quantities(names: ["available"]) { name quantity updatedAt } }
    }
  }
}`,
	}
	docListings = document{
		Op:   "productVariants",
		Cost: pageCost + listingsPage*6,
		Text: fmt.Sprintf(`query Listings($location: ID!, $after: String) {
  productVariants(first: %d, after: $after, sortKey: ID) {
    nodes {
      id sku barcode title
      product { id title }
      inventoryItem { id tracked inventoryLevel(locationId: $location) { id quantities(names: ["available"]) { name quantity updatedAt } } }
    }
    %s
  }
}`, listingsPage, pageInfo),
	}
	docLocations = document{
		Op:   "locations",
		Cost: pageCost + locationPage,
		Text: fmt.Sprintf(`query Locations($after: String) {
  locations(first: %d, after: $after) { nodes { id name isActive fulfillsOnlineOrders } %s }
}`, locationPage, pageInfo),
	}
	docShop = document{
		Op:   "shop",
		Cost: 100,
		Text: `query Shop { shop { name myshopifyDomain } currentAppInstallation { id accessScopes { handle } } }`,
	}
	docWebhooks = document{
		Op:   "webhookSubscriptions",
		Cost: pageCost + 100,
		Text: fmt.Sprintf(`query Webhooks($after: String) {
  webhookSubscriptions(first: 100, after: $after) { nodes { id topic uri } %s }
}`, pageInfo),
	}
	docSubscribe = document{
		Op:   "webhookSubscriptionCreate",
		Cost: 14,
		Text: `mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}`,
	}
	docUnsubscribe = document{
		Op:   "webhookSubscriptionDelete",
		Cost: 14,
		Text: `mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}`,
	}
)

const (
	refundLineFields  = `quantity restockType lineItem { id }`
	shippedLineFields = `quantity lineItem { id }`
)

// documents are all of them.
func documents() []document {
	return []document{docOrders, docOrderLines, docHistory, docEvents, docRefundLines, docShippedLines, docSet, docRead, docListings,
		docLocations, docShop, docWebhooks, docSubscribe, docUnsubscribe}
}
