package importer

// AfterPosting makes fn run after the next posting of a part and before it is recorded.
func (s *Service) AfterPosting(fn func()) { s.afterPosting = fn }
