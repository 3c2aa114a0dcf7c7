package realshop

// furnish gives an empty shop what its first sale needs.
func (s *Shop) furnish() {
	s.t.Helper()
	var in struct{ Login node }
	s.admin.do(`mutation ($name: String!, $password: String!) {
		login(username: $name, password: $password) { ... on CurrentUser { id } ... on ErrorResult { errorCode message } } }`,
		values{"name": s.Username(), "password": s.Password()}, &in)
	s.declined("log in", in.Login.refusal)

	var channel struct{ ActiveChannel node }
	s.admin.do(`{ activeChannel { id } }`, nil, &channel)
	country := s.create(`mutation ($in: CreateCountryInput!) { made: createCountry(input: $in) { id } }`,
		values{"code": "JP", "enabled": true, "translations": []values{{"languageCode": "en", "name": "日本"}}})
	zone := s.create(`mutation ($in: CreateZoneInput!) { made: createZone(input: $in) { id } }`,
		values{"name": "日本", "memberIds": []string{country}})
	s.create(`mutation ($in: UpdateChannelInput!) { made: updateChannel(input: $in) {
		... on Channel { id } ... on ErrorResult { errorCode message } } }`,
		values{"id": channel.ActiveChannel.ID, "defaultTaxZoneId": zone, "defaultShippingZoneId": zone})
	s.taxCategory = s.create(`mutation ($in: CreateTaxCategoryInput!) { made: createTaxCategory(input: $in) { id } }`,
		values{"name": "標準"})
	s.create(`mutation ($in: CreateTaxRateInput!) { made: createTaxRate(input: $in) { id } }`,
		values{"name": "10%", "enabled": true, "value": 10, "categoryId": s.taxCategory, "zoneId": zone})
	s.create(`mutation ($in: CreateShippingMethodInput!) { made: createShippingMethod(input: $in) { id } }`,
		values{"code": "post", "fulfillmentHandler": "manual-fulfillment", "translations": named("宅配"),
			"checker":    operation("default-shipping-eligibility-checker", "orderMinimum", "0"),
			"calculator": operation("default-shipping-calculator", "rate", "500", "includesTax", "auto", "taxRate", "10")})
	s.create(`mutation ($in: CreatePaymentMethodInput!) { made: createPaymentMethod(input: $in) { id } }`,
		values{"code": "dummy", "enabled": true, "translations": named("お支払い"),
			"handler": operation("dummy-payment-handler", "automaticSettle", "true")})
}

func (s *Shop) create(document string, input values) string {
	s.t.Helper()
	var out struct{ Made node }
	s.admin.do(document, values{"in": input}, &out)
	s.declined("furnish it", out.Made.refusal)
	return out.Made.ID
}

func named(name string) []values {
	return []values{{"languageCode": "en", "name": name, "description": ""}}
}

func operation(code string, arguments ...string) values {
	list := []values{}
	for i := 0; i+1 < len(arguments); i += 2 {
		list = append(list, values{"name": arguments[i], "value": arguments[i+1]})
	}
	return values{"code": code, "arguments": list}
}
