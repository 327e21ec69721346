package cognito

// tableInfo is what is known of a table without asking the pool.
type tableInfo struct {
	Key         string   // "users"
	FileName    string   // "Users"
	Description string   // a whole sentence
	Operations  []string // what reading it calls: "ListUsers"
	Actions     []string // the IAM actions that allow this: "cognito-idp:ListUsers"
}

// allTables lists the tables that a pool has, in the order in which a person is shown them.
func allTables() []tableInfo {
	all := make([]tableInfo, 0, len(tables))
	for _, t := range tables {
		info := tableInfo{Key: t.key, FileName: t.fileName, Description: t.description}
		for _, n := range t.needs() {
			info.Operations = append(info.Operations, n.name)
			if n.name != keySetOperation { // which anybody may call
				info.Actions = append(info.Actions, n.action())
			}
		}
		all = append(all, info)
	}
	return all
}
