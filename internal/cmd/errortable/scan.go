package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// entry is one error.
type entry struct{ code, when, hint string }

// differs stands for what is known only when the error happens.
const differs = "…"

// testParts are packages that only tests use.
var testParts = []string{"cmd", "cognitotest", "foldertest", "postgrestest", "mototest", "rowtest", "ledgertest", "enginetest", "tablestest", "simulation", "s3test", "resttest", "servertest", "filetest"}

// scan finds the errors in the packages below a folder.
func scan(root string) ([]entry, error) {
	var all []entry
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if slices.Contains(testParts, d.Name()) {
			return filepath.SkipDir
		}
		found, err := scanPackage(path)
		all = append(all, found...)
		return err
	})
	return all, err
}

// source is a package whose errors are looked for.
type source struct {
	values map[string]ast.Expr                     // of its constants and variables
	calls  map[string][]*ast.CallExpr              // of its functions and methods, by their names
	within map[ast.Node]*ast.FuncDecl              // the function that an error or a call is in
	local  map[*ast.FuncDecl]map[string][]ast.Expr // what a function's variables are given
	later  map[*ast.FuncDecl][]map[string]ast.Expr // what a function gives to fields of errors after it has made them
}

func scanPackage(folder string) ([]entry, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	s := source{values: map[string]ast.Expr{}, calls: map[string][]*ast.CallExpr{}, within: map[ast.Node]*ast.FuncDecl{}, local: map[*ast.FuncDecl]map[string][]ast.Expr{}, later: map[*ast.FuncDecl][]map[string]ast.Expr{}}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	for _, file := range files {
		s.index(file)
	}
	var all []entry
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if name := nameOf(n.Type); name == "dataflow.Error" || name == "Error" && file.Name.Name == "dataflow" {
					all = append(all, s.made(n)...)
				}
				if nameOf(n.Type) == "rule" { // for an answer that no table has
					n = &ast.CompositeLit{Elts: []ast.Expr{&ast.KeyValueExpr{Key: &ast.BasicLit{Kind: token.STRING, Value: `"another error"`}, Value: n}}}
				}
				all = append(all, s.answered(n)...)
			case *ast.CallExpr:
				all = append(all, s.diagnostic(n)...)
			}
			return true
		})
	}
	return all, nil
}

// index notes what texts may be made of.
func (s *source) index(file *ast.File) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for i, name := range v.Names {
						if i < len(v.Values) {
							s.values[name.Name] = v.Values[i]
						}
					}
				}
			}
		case *ast.FuncDecl:
			s.local[d] = map[string][]ast.Expr{}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					if len(n.Lhs) != len(n.Rhs) {
						return true
					}
					later := map[string]ast.Expr{}
					for i, left := range n.Lhs {
						s.local[d][nameOf(left)] = append(s.local[d][nameOf(left)], n.Rhs[i])
						if field := nameOf(left)[strings.LastIndex(nameOf(left), ".")+1:]; field != nameOf(left) && slices.Contains([]string{"Code", "Cause", "Hint"}, field) {
							later[field] = n.Rhs[i]
						}
					}
					if len(later) > 0 {
						s.later[d] = append(s.later[d], later)
					}
				case *ast.CallExpr:
					s.within[n] = d
					name := nameOf(n.Fun)
					name = name[strings.LastIndex(name, ".")+1:]
					s.calls[name] = append(s.calls[name], n)
				case *ast.CompositeLit:
					s.within[n] = d
				}
				return true
			})
		}
	}
}

// made gives what a literal of an error says: one entry for each way that its texts can be.
func (s *source) made(literal *ast.CompositeLit) []entry {
	in := s.within[literal]
	var all []entry
	for _, call := range s.ways(literal, in) {
		scope := scope{in, call}
		base := map[string]ast.Expr{}
		for _, element := range literal.Elts {
			if field, ok := element.(*ast.KeyValueExpr); ok {
				base[nameOf(field.Key)] = field.Value
			}
		}
		all = append(all, s.entries(base, scope)...)
		if in == nil {
			continue
		}
		for _, later := range s.later[in] { // e.Code, e.Hint = …
			fields := maps.Clone(base)
			maps.Copy(fields, later)
			all = append(all, s.entries(fields, scope)...)
		}
	}
	return all
}

// ways gives the calls of the function that a literal is in, when its texts are what that function is called with; else nil, once.
func (s *source) ways(literal *ast.CompositeLit, in *ast.FuncDecl) []*ast.CallExpr {
	if in == nil || len(s.calls[in.Name.Name]) == 0 {
		return []*ast.CallExpr{nil}
	}
	uses := false
	ast.Inspect(literal, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && position(id.Name, in) >= 0 {
			uses = true
		}
		return true
	})
	if !uses {
		return []*ast.CallExpr{nil}
	}
	return s.calls[in.Name.Name]
}

// entries gives the entries of an error's fields.
func (s *source) entries(fields map[string]ast.Expr, scope scope) []entry {
	codes, causes, hints, ops := []string{"internal"}, []string{""}, []string{""}, []string{differs}
	if e, ok := fields["Code"]; ok {
		codes = s.codes(e, scope)
	}
	if e, ok := fields["Cause"]; ok {
		causes = s.texts(e, scope, 0)
	}
	if e, ok := fields["Hint"]; ok {
		hints = s.texts(e, scope, 0)
	}
	if e, ok := fields["Op"]; ok {
		ops = s.texts(e, scope, 0)
	}
	var all []entry
	for _, code := range codes {
		for _, cause := range causes {
			for _, hint := range hints {
				when := cause
				if when == differs && ops[0] != differs {
					when = ops[0] + ": " + differs
				}
				if when != "" && (when != differs || hint != "" && hint != differs) {
					all = append(all, entry{code, when, hint})
				}
			}
		}
	}
	return all
}

// codes gives the codes that an expression may be.
func (s *source) codes(e ast.Expr, scope scope) []string {
	name := nameOf(e)
	if _, constant, found := strings.Cut("."+name, ".Code"); found && constant != "" && !strings.Contains(constant, ".") {
		return []string{snake(constant)}
	}
	if argument, ok := scope.argument(name); ok {
		return s.codes(argument, scope.caller(s))
	}
	return nil // of what another error is made: that one has it
}

// answered gives what a table of AWS's error codes says: {code: …, hint: …} under one of them.
func (s *source) answered(table *ast.CompositeLit) []entry {
	var all []entry
	for _, element := range table.Elts {
		row, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		rule, ok := row.Value.(*ast.CompositeLit)
		if !ok {
			continue
		}
		fields := map[string]ast.Expr{}
		for _, f := range rule.Elts {
			if field, ok := f.(*ast.KeyValueExpr); ok {
				fields[nameOf(field.Key)] = field.Value
			}
		}
		code, ok := fields["code"]
		if !ok {
			continue
		}
		hints := []string{""}
		if hint, ok := fields["hint"]; ok {
			hints = s.texts(hint, scope{}, 0)
		}
		for _, c := range s.codes(code, scope{}) {
			for _, name := range s.texts(row.Key, scope{}, 0) {
				when := "AWS answers with " + name
				if name == differs {
					when = "signing in: " + differs
				}
				for _, hint := range hints {
					all = append(all, entry{c, when, hint})
				}
			}
		}
	}
	return all
}

// diagnostic gives what an AddError or AddAttributeError says.
func (s *source) diagnostic(call *ast.CallExpr) []entry {
	name := nameOf(call.Fun)
	var texts []ast.Expr
	switch {
	case strings.HasSuffix(name, ".AddError") && len(call.Args) == 2:
		texts = call.Args
	case strings.HasSuffix(name, ".AddAttributeError") && len(call.Args) == 3:
		texts = call.Args[1:]
	default:
		return nil
	}
	scope := scope{in: s.within[call]}
	var all []entry
	for _, summary := range s.texts(texts[0], scope, 0) {
		for _, detail := range s.texts(texts[1], scope, 0) {
			if summary != differs && strings.Trim(detail, differs+".: ") != "" { // else it is another error's text
				all = append(all, entry{"plan", summary, detail})
			}
		}
	}
	return all
}

// scope is where an expression stands: in a function, which is looked at as that call of it; nil: no call in particular.
type scope struct {
	in   *ast.FuncDecl
	call *ast.CallExpr
}

// argument gives what a parameter of the function is.
func (c scope) argument(parameter string) (ast.Expr, bool) {
	if c.in == nil || c.call == nil {
		return nil, false
	}
	at := position(parameter, c.in)
	if at < 0 || at >= len(c.call.Args) {
		return nil, false
	}
	return c.call.Args[at], true
}

// caller is the scope of the call.
func (c scope) caller(s *source) scope { return scope{in: s.within[c.call]} }

// position gives the place of a parameter; below zero: it is none.
func position(parameter string, of *ast.FuncDecl) int {
	n := 0
	for _, field := range of.Type.Params.List {
		for _, name := range field.Names {
			if name.Name == parameter {
				return n
			}
			n++
		}
	}
	return -1
}

// verb is what fmt puts a value in place of.
var verb = regexp.MustCompile(`%[-+# 0]*(\[\d+\])?[\d.*]*[a-zA-Z]`)

// placeholder is what cognito puts a value in place of.
var placeholder = regexp.MustCompile(`\{(action|arn|region)\}`)

// texts gives what an expression may say.
func (s *source) texts(e ast.Expr, in scope, depth int) []string {
	if depth > 4 {
		return []string{differs}
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return []string{placeholder.ReplaceAllString(text, differs)}
		}
	case *ast.ParenExpr:
		return s.texts(e.X, in, depth)
	case *ast.BinaryExpr:
		var all []string
		for _, left := range s.texts(e.X, in, depth+1) {
			for _, right := range s.texts(e.Y, in, depth+1) {
				all = append(all, left+right)
			}
		}
		return all
	case *ast.CallExpr:
		switch name := nameOf(e.Fun); name {
		case "errors.New":
			return s.texts(e.Args[0], in, depth+1)
		case "fmt.Errorf", "fmt.Sprintf":
			var all []string
			for _, format := range s.texts(e.Args[0], in, depth+1) {
				all = append(all, strings.ReplaceAll(verb.ReplaceAllString(strings.ReplaceAll(format, "%%", "\x00"), differs), "\x00", "%"))
			}
			return all
		case "cmp.Or":
			var all []string
			for _, argument := range e.Args {
				all = append(all, s.texts(argument, in, depth+1)...)
			}
			return all
		}
	case *ast.Ident:
		return s.named(e.Name, in, depth)
	}
	return []string{differs}
}

// named gives what a constant, a variable or a parameter may say.
func (s *source) named(name string, c scope, depth int) []string {
	var all []string
	if argument, ok := c.argument(name); ok {
		all = append(all, s.texts(argument, c.caller(s), depth+1)...)
	}
	if c.in != nil {
		for _, value := range s.local[c.in][name] {
			all = append(all, s.texts(value, c, depth+1)...)
		}
	}
	if value, ok := s.values[name]; ok && len(all) == 0 {
		all = s.texts(value, scope{}, depth+1)
	}
	if len(all) == 0 {
		return []string{differs}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// nameOf gives a, a.b or a.b.c; empty for what is no name.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x := nameOf(e.X); x != "" {
			return x + "." + e.Sel.Name
		}
		return "." + e.Sel.Name
	}
	return ""
}

// snake makes a constant's name the code that it is: NoConnector is no_connector.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
