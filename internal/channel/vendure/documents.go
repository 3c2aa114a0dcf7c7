package vendure

// The documents that are sent. A test checks each against the shop's own schema.

const loginDocument = `mutation Login($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    __typename
    ... on CurrentUser { id }
    ... on ErrorResult { errorCode message }
  }
}`

const checkDocument = `query Check {
  activeChannel { code }
  globalSettings { trackInventory outOfStockThreshold }
  stockLocations(options: { take: 100, sort: { createdAt: ASC, id: ASC } }) { items { id name } }
  productVariants(options: { take: 1 }) { totalItems }
  orders(options: { take: 1 }) { totalItems }
}`

const variantFields = `
fragment VariantFields on ProductVariant {
  id
  trackInventory
  outOfStockThreshold
  useGlobalOutOfStockThreshold
  stockLevels { stockLocationId stockOnHand stockAllocated }
}`

const stockDocument = `query Stock($ids: [String!]!, $take: Int!) {
  globalSettings { trackInventory outOfStockThreshold }
  stockLocations(options: { take: 100, sort: { createdAt: ASC, id: ASC } }) { items { id name } }
  productVariants(options: { filter: { id: { in: $ids } }, take: $take }) { items { ...VariantFields } }
}` + variantFields

const pushDocument = `mutation Push($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { ...VariantFields }
}` + variantFields

const listingsDocument = `query Listings($after: DateTime!, $skip: Int!, $take: Int!) {
  globalSettings { trackInventory outOfStockThreshold }
  productVariants(options: {
    filter: { createdAt: { after: $after } }, sort: { createdAt: ASC, id: ASC }, skip: $skip, take: $take
  }) {
    items { ...VariantFields sku name createdAt }
  }
}` + variantFields

const orderFields = `
fragment OrderFields on Order {
  code
  state
  type
  updatedAt
  orderPlacedAt
  lines {
    id
    quantity
    productVariant { id sku name }
    orderPlacedQuantity
    fulfillmentLines { quantity fulfillment { state } }
  }
}`

const ordersDocument = `query Orders($placedAfter: DateTime!, $placedSkip: Int!, $changedAfter: DateTime!, $changedSkip: Int!, $take: Int!) {
  placed: orders(options: {
    filter: { orderPlacedAt: { after: $placedAfter } }
    sort: { orderPlacedAt: ASC, id: ASC }, skip: $placedSkip, take: $take
  }) { items { ...OrderFields } }
  changed: orders(options: {
    filter: { orderPlacedAt: { isNull: false }, updatedAt: { after: $changedAfter } }
    sort: { updatedAt: ASC, id: ASC }, skip: $changedSkip, take: $take
  }) { items { ...OrderFields } }
}` + orderFields

const refreshDocument = `query Refresh($codes: [String!]!, $take: Int!) {
  orders(options: { filter: { code: { in: $codes } }, take: $take }) { items { ...OrderFields } }
}` + orderFields
