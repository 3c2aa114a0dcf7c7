package shopify

import (
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// Versions are the API versions that the mall knows, oldest first. The last one is the release candidate.
var versions = []string{"2025-10", "2026-01", "2026-04", "2026-07", "2026-10"}

var versionForm = regexp.MustCompile(`^20\d\d-(01|04|07|10)$`)

// dialect is what differs between versions. See docs/channels/shopify.md.
type dialect struct {
	version string
	schema  *ast.Schema

	idempotent         bool // the directive exists
	idempotentRequired bool // at run time
	compare            bool // compareQuantity and ignoreCompareQuantity
	changeFrom         bool // changeFromQuantity
	changeFromRequired bool // at run time: present, null included
}

// newDialect builds what a version allows. The text below is part of the program, so a mistake in it stops the program.
func newDialect(version string) dialect {
	d := dialect{
		version:            version,
		idempotent:         version >= "2026-01",
		idempotentRequired: version >= "2026-04",
		compare:            version < "2026-04",
		changeFrom:         version >= "2026-01",
		changeFromRequired: version >= "2026-04",
	}
	parts := map[string]string{"DIRECTIVE": "", "IGNORE": "", "COMPARE": "", "CHANGEFROM": ""}
	if d.idempotent {
		parts["DIRECTIVE"] = "directive @idempotent(key: String!) on FIELD"
	}
	if d.compare {
		parts["IGNORE"], parts["COMPARE"] = "ignoreCompareQuantity: Boolean", "compareQuantity: Int"
	}
	if d.changeFrom {
		parts["CHANGEFROM"] = "changeFromQuantity: Int"
	}
	text := sdl
	for name, part := range parts {
		text = strings.ReplaceAll(text, "%"+name+"%", part)
	}
	d.schema = gqlparser.MustLoadSchema(&ast.Source{Name: version, Input: text})
	return d
}

// sdl is the part of the Admin API that the mall speaks. What is not in it is refused.
const sdl = `
%DIRECTIVE%
schema { query: QueryRoot mutation: Mutation }
scalar DateTime
scalar URL
scalar UnsignedInt64
interface Node { id: ID! }

type QueryRoot {
  currentAppInstallation: AppInstallation!
  inventoryItem(id: ID!): InventoryItem
  inventoryItems(first: Int, after: String, query: String, reverse: Boolean = false): InventoryItemConnection!
  location(id: ID): Location
  locations(first: Int, after: String, includeInactive: Boolean = false, includeLegacy: Boolean = false, query: String, reverse: Boolean = false): LocationConnection!
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  order(id: ID!): Order
  orders(first: Int, after: String, query: String, reverse: Boolean = false, sortKey: OrderSortKeys = PROCESSED_AT): OrderConnection!
  productVariant(id: ID!): ProductVariant
  productVariants(first: Int, after: String, query: String, reverse: Boolean = false, sortKey: ProductVariantSortKeys = ID): ProductVariantConnection!
  shop: Shop!
  webhookSubscriptions(first: Int, after: String, topics: [WebhookSubscriptionTopic!], uri: String, reverse: Boolean = false): WebhookSubscriptionConnection!
}

type Mutation {
  inventoryAdjustQuantities(input: InventoryAdjustQuantitiesInput!): InventoryAdjustQuantitiesPayload
  inventorySetQuantities(input: InventorySetQuantitiesInput!): InventorySetQuantitiesPayload
  webhookSubscriptionCreate(topic: WebhookSubscriptionTopic!, webhookSubscription: WebhookSubscriptionInput!): WebhookSubscriptionCreatePayload
  webhookSubscriptionDelete(id: ID!): WebhookSubscriptionDeletePayload
}

type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }

type AccessScope { handle: String! }
type AppInstallation implements Node { id: ID! accessScopes: [AccessScope!]! }

type Shop implements Node { id: ID! name: String! email: String! myshopifyDomain: String! ianaTimezone: String! url: URL! primaryDomain: Domain! }
type Domain implements Node { id: ID! host: String! url: URL! }

enum ProductStatus { ACTIVE ARCHIVED DRAFT }
type Product implements Node { id: ID! title: String! status: ProductStatus! legacyResourceId: UnsignedInt64! }

enum ProductVariantInventoryPolicy { CONTINUE DENY }
enum ProductVariantSortKeys { ID SKU TITLE }
type SelectedOption { name: String! value: String! }
type ProductVariant implements Node {
  id: ID! legacyResourceId: UnsignedInt64! sku: String barcode: String title: String! displayName: String!
  createdAt: DateTime! updatedAt: DateTime! inventoryItem: InventoryItem! inventoryPolicy: ProductVariantInventoryPolicy!
  inventoryQuantity: Int product: Product! selectedOptions: [SelectedOption!]! sellableOnlineQuantity: Int!
}
type ProductVariantConnection { nodes: [ProductVariant!]! edges: [ProductVariantEdge!]! pageInfo: PageInfo! }
type ProductVariantEdge { cursor: String! node: ProductVariant! }

type InventoryItem implements Node {
  id: ID! legacyResourceId: UnsignedInt64! sku: String tracked: Boolean! duplicateSkuCount: Int! requiresShipping: Boolean!
  createdAt: DateTime! updatedAt: DateTime! variant: ProductVariant!
  inventoryLevel(locationId: ID!): InventoryLevel
  inventoryLevels(first: Int, after: String, query: String, reverse: Boolean = false): InventoryLevelConnection!
}
type InventoryItemConnection { nodes: [InventoryItem!]! edges: [InventoryItemEdge!]! pageInfo: PageInfo! }
type InventoryItemEdge { cursor: String! node: InventoryItem! }
type InventoryLevel implements Node {
  id: ID! isActive: Boolean! item: InventoryItem! location: Location! createdAt: DateTime! updatedAt: DateTime!
  quantities(names: [String!]!): [InventoryQuantity!]!
}
type InventoryLevelConnection { nodes: [InventoryLevel!]! edges: [InventoryLevelEdge!]! pageInfo: PageInfo! }
type InventoryLevelEdge { cursor: String! node: InventoryLevel! }
type InventoryQuantity implements Node { id: ID! name: String! quantity: Int! updatedAt: DateTime }

type Location implements Node {
  id: ID! legacyResourceId: UnsignedInt64! name: String! isActive: Boolean! fulfillsOnlineOrders: Boolean! shipsInventory: Boolean!
  hasActiveInventory: Boolean! createdAt: DateTime! updatedAt: DateTime!
  inventoryLevel(inventoryItemId: ID!): InventoryLevel
}
type LocationConnection { nodes: [Location!]! edges: [LocationEdge!]! pageInfo: PageInfo! }
type LocationEdge { cursor: String! node: Location! }

enum OrderSortKeys { CREATED_AT ID ORDER_NUMBER PROCESSED_AT UPDATED_AT }
enum OrderCancelReason { CUSTOMER DECLINED FRAUD INVENTORY OTHER STAFF }
enum OrderDisplayFinancialStatus { AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED }
enum OrderDisplayFulfillmentStatus { FULFILLED IN_PROGRESS ON_HOLD OPEN PARTIALLY_FULFILLED PENDING_FULFILLMENT REQUEST_DECLINED RESTOCKED SCHEDULED UNFULFILLED }
type Order implements Node {
  id: ID! legacyResourceId: UnsignedInt64! name: String! createdAt: DateTime! updatedAt: DateTime! processedAt: DateTime!
  cancelledAt: DateTime cancelReason: OrderCancelReason closed: Boolean! closedAt: DateTime confirmed: Boolean! test: Boolean!
  edited: Boolean! sourceName: String currentSubtotalLineItemsQuantity: Int!
  displayFinancialStatus: OrderDisplayFinancialStatus displayFulfillmentStatus: OrderDisplayFulfillmentStatus!
  lineItems(first: Int, after: String, reverse: Boolean = false): LineItemConnection!
  refunds(first: Int): [Refund!]!
  fulfillments(first: Int, query: String): [Fulfillment!]!
}
type OrderConnection { nodes: [Order!]! edges: [OrderEdge!]! pageInfo: PageInfo! }
type OrderEdge { cursor: String! node: Order! }
type LineItem implements Node {
  id: ID! sku: String title: String! name: String! variantTitle: String quantity: Int! currentQuantity: Int! unfulfilledQuantity: Int!
  nonFulfillableQuantity: Int! refundableQuantity: Int! requiresShipping: Boolean! restockable: Boolean! variant: ProductVariant product: Product
}
type LineItemConnection { nodes: [LineItem!]! edges: [LineItemEdge!]! pageInfo: PageInfo! }
type LineItemEdge { cursor: String! node: LineItem! }
enum RefundLineItemRestockType { CANCEL LEGACY_RESTOCK NO_RESTOCK RETURN }
type Refund implements Node {
  id: ID! legacyResourceId: UnsignedInt64! createdAt: DateTime updatedAt: DateTime! processedAt: DateTime! note: String
  refundLineItems(first: Int, after: String, reverse: Boolean = false): RefundLineItemConnection!
}
type RefundLineItem { id: ID quantity: Int! restockType: RefundLineItemRestockType! restocked: Boolean! location: Location lineItem: LineItem! }
type RefundLineItemConnection { nodes: [RefundLineItem!]! edges: [RefundLineItemEdge!]! pageInfo: PageInfo! }
type RefundLineItemEdge { cursor: String! node: RefundLineItem! }
enum FulfillmentStatus { CANCELLED ERROR FAILURE OPEN PENDING SUCCESS }
type Fulfillment implements Node {
  id: ID! legacyResourceId: UnsignedInt64! name: String! status: FulfillmentStatus! createdAt: DateTime! updatedAt: DateTime! totalQuantity: Int!
  fulfillmentLineItems(first: Int, after: String, reverse: Boolean = false): FulfillmentLineItemConnection!
}
type FulfillmentLineItem implements Node { id: ID! quantity: Int lineItem: LineItem! }
type FulfillmentLineItemConnection { nodes: [FulfillmentLineItem!]! edges: [FulfillmentLineItemEdge!]! pageInfo: PageInfo! }
type FulfillmentLineItemEdge { cursor: String! node: FulfillmentLineItem! }

input InventoryQuantityInput { inventoryItemId: ID! locationId: ID! quantity: Int! %COMPARE% %CHANGEFROM% }
input InventorySetQuantitiesInput { name: String! reason: String! referenceDocumentUri: String quantities: [InventoryQuantityInput!]! %IGNORE% }
input InventoryChangeInput { inventoryItemId: ID! locationId: ID! delta: Int! ledgerDocumentUri: String %CHANGEFROM% }
input InventoryAdjustQuantitiesInput { name: String! reason: String! referenceDocumentUri: String changes: [InventoryChangeInput!]! }
type InventoryAdjustmentGroup implements Node {
  id: ID! createdAt: DateTime! reason: String! referenceDocumentUri: String changes: [InventoryChange!]!
}
type InventoryChange { name: String! delta: Int! quantityAfterChange: Int ledgerDocumentUri: String item: InventoryItem location: Location }
enum InventorySetQuantitiesUserErrorCode {
  CHANGE_FROM_QUANTITY_STALE COMPARE_QUANTITY_REQUIRED COMPARE_QUANTITY_STALE IDEMPOTENCY_CONCURRENT_REQUEST
  IDEMPOTENCY_KEY_PARAMETER_MISMATCH IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED INVALID_INVENTORY_ITEM INVALID_LOCATION INVALID_NAME
  INVALID_QUANTITY_NEGATIVE INVALID_QUANTITY_TOO_HIGH INVALID_QUANTITY_TOO_LOW INVALID_REASON INVALID_REFERENCE_DOCUMENT
  ITEM_NOT_STOCKED_AT_LOCATION NON_MUTABLE_INVENTORY_ITEM NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR
}
enum InventoryAdjustQuantitiesUserErrorCode {
  ADJUST_QUANTITIES_FAILED CHANGE_FROM_QUANTITY_STALE IDEMPOTENCY_CONCURRENT_REQUEST IDEMPOTENCY_KEY_PARAMETER_MISMATCH
  IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED INTERNAL_LEDGER_DOCUMENT INVALID_AVAILABLE_DOCUMENT INVALID_INVENTORY_ITEM
  INVALID_LEDGER_DOCUMENT INVALID_LOCATION INVALID_QUANTITY_DOCUMENT INVALID_QUANTITY_NAME INVALID_QUANTITY_TOO_HIGH
  INVALID_QUANTITY_TOO_LOW INVALID_REASON INVALID_REFERENCE_DOCUMENT ITEM_NOT_STOCKED_AT_LOCATION MAX_ONE_LEDGER_DOCUMENT
  NON_MUTABLE_INVENTORY_ITEM SERVICE_UNAVAILABLE
}
type InventorySetQuantitiesUserError { code: InventorySetQuantitiesUserErrorCode field: [String!] message: String! }
type InventoryAdjustQuantitiesUserError { code: InventoryAdjustQuantitiesUserErrorCode field: [String!] message: String! }
type InventorySetQuantitiesPayload { inventoryAdjustmentGroup: InventoryAdjustmentGroup userErrors: [InventorySetQuantitiesUserError!]! }
type InventoryAdjustQuantitiesPayload { inventoryAdjustmentGroup: InventoryAdjustmentGroup userErrors: [InventoryAdjustQuantitiesUserError!]! }

enum WebhookSubscriptionTopic { INVENTORY_LEVELS_UPDATE ORDERS_CANCELLED ORDERS_CREATE ORDERS_UPDATED REFUNDS_CREATE ORDERS_EDITED ORDERS_FULFILLED PRODUCTS_UPDATE APP_UNINSTALLED }
enum WebhookSubscriptionFormat { JSON XML }
input WebhookSubscriptionInput { uri: String callbackUrl: URL format: WebhookSubscriptionFormat includeFields: [String!] filter: String }
type WebhookSubscription implements Node {
  id: ID! legacyResourceId: UnsignedInt64! topic: WebhookSubscriptionTopic! uri: String! callbackUrl: URL! format: WebhookSubscriptionFormat!
  createdAt: DateTime! updatedAt: DateTime! includeFields: [String!]! filter: String
}
type WebhookSubscriptionConnection { nodes: [WebhookSubscription!]! edges: [WebhookSubscriptionEdge!]! pageInfo: PageInfo! }
type WebhookSubscriptionEdge { cursor: String! node: WebhookSubscription! }
type UserError { field: [String!] message: String! }
type WebhookSubscriptionCreatePayload { userErrors: [UserError!]! webhookSubscription: WebhookSubscription }
type WebhookSubscriptionDeletePayload { userErrors: [UserError!]! deletedWebhookSubscriptionId: ID }
`
